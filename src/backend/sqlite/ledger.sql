-- The whole ledger as one JSON document. Markers: the last 500 of each service.
-- What stands between two lines `-- since format 2` is left out where the tables are older.
WITH recent AS MATERIALIZED (
    SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY service ORDER BY number DESC) AS place FROM concertina_marker)
    WHERE place <= 500
)
SELECT json_object(
    'format', (SELECT format FROM concertina_ledger),
    'now', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    'scripts', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'digest', digest,
        'status', status, 'started_at', started_at, 'finished_at', finished_at, 'actor', actor, 'evidence', evidence))
        FROM (SELECT * FROM concertina_script ORDER BY run)),
    'journal', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step,
        'digest', digest, 'state', state, 'code', code, 'message', message, 'at', at))
        FROM (SELECT * FROM concertina_journal ORDER BY migration, phase, step)),
    'jobs', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step,
        'digest', digest, 'cursor', cursor, 'upper', upper, 'rows_changed', rows_changed, 'rows_walked', rows_walked,
        'rows_estimated', rows_estimated, 'chunks', chunks, 'done', done, 'at', at))
        FROM (SELECT * FROM concertina_job ORDER BY migration, phase, step)),
-- since format 2
    'backfills', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step,
        'round', round, 'chunking', json(chunking))) FROM concertina_backfill),
    'ranges', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step, 'ranges', ranges,
        'done', done, 'held', 0, 'rows_changed', rows_changed, 'rows_walked', rows_walked, 'chunks', chunks, 'at', at))
        FROM (SELECT migration, phase, step, count(*) AS ranges, sum(state = 'done') AS done,
        sum(rows_changed) AS rows_changed, sum(rows_walked) AS rows_walked, sum(chunks) AS chunks, max(at) AS at
        FROM concertina_backfill_range GROUP BY migration, phase, step)),
    'poison', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step, 'key', key,
        'relation', relation, 'code', code, 'message', message, 'at', at)) FROM (SELECT * FROM concertina_poison ORDER BY at, key)),
    'controls', (SELECT json_group_array(json_object('migration', migration, 'wish', wish, 'pace', pace,
        'reason', reason, 'actor', actor, 'at', at)) FROM (SELECT * FROM concertina_backfill_control ORDER BY migration)),
    'pulses', (SELECT json_group_array(json_object('migration', migration, 'phase', phase, 'step', step, 'worker', worker,
        'document', json(document), 'at', at)) FROM (SELECT * FROM concertina_backfill_pulse ORDER BY migration, step, worker)),
    'marker_details', (SELECT json_group_array(json_object('number', number, 'environment', environment, 'position', position))
        FROM concertina_marker_detail WHERE number IN (SELECT number FROM recent)),
    'approvals', (SELECT json_group_array(json_object('migration', migration, 'digest', digest, 'reason', reason,
        'actor', actor, 'at', at)) FROM (SELECT * FROM concertina_approval ORDER BY number)),
-- since format 2
    'last_marker', (SELECT coalesce(max(number), 0) FROM concertina_marker),
    'manifests', (SELECT json_group_array(json_object('id', id, 'scripts', json(scripts))) FROM concertina_manifest
        WHERE id IN (SELECT manifest FROM recent) OR id IN (SELECT manifest FROM concertina_instance)),
    'markers', (SELECT json_group_array(json_object('service', service, 'version', version, 'kind', kind,
        'manifest', manifest, 'ready_for', json(ready_for), 'actor', actor, 'at', at, 'commit', "commit", 'url', url, 'number', number))
        FROM (SELECT * FROM recent ORDER BY number)),
    'instances', (SELECT json_group_array(json_object('service', service, 'version', version, 'id', id,
        'manifest', manifest, 'started_at', started_at, 'last_seen', last_seen, 'ttl_seconds', ttl_seconds))
        FROM (SELECT * FROM concertina_instance ORDER BY id)),
    'overrides', (SELECT json_group_array(json_object('migration', migration, 'condition', condition,
        'reason', reason, 'actor', actor, 'at', at)) FROM (SELECT * FROM concertina_gate_override ORDER BY number)),
    'lease', (SELECT json_object('holder', holder, 'since', since, 'expires_at', expires_at)
        FROM concertina_lease WHERE holder IS NOT NULL)
) AS document
