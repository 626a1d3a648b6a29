-- The whole ledger as one JSON document, in one round trip. Markers: the last 500 of each service.
-- What stands between two lines `-- since format 2` is left out where the tables are older.
WITH recent AS MATERIALIZED (
    SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY service ORDER BY number DESC) AS place FROM concertina.marker) m
    WHERE place <= 500
)
SELECT json_build_object(
    'format', (SELECT format FROM concertina.ledger),
    'now', clock_timestamp(),
    'scripts', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'digest', digest,
        'status', status, 'started_at', started_at, 'finished_at', finished_at, 'actor', actor, 'evidence', evidence)
        ORDER BY run), '[]') FROM concertina.script),
    'journal', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'step', step,
        'digest', digest, 'state', state, 'code', code, 'message', message, 'at', at)
        ORDER BY migration, phase, step), '[]') FROM concertina.journal),
    'jobs', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'step', step,
        'digest', digest, 'cursor', cursor, 'upper', upper, 'rows_changed', rows_changed, 'rows_walked', rows_walked,
        'rows_estimated', rows_estimated, 'chunks', chunks, 'done', done, 'at', at)
        ORDER BY migration, phase, step), '[]') FROM concertina.job),
-- since format 2
    'backfills', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'step', step,
        'round', round, 'chunking', chunking::json)), '[]') FROM concertina.backfill),
    'ranges', (SELECT coalesce(json_agg(r), '[]') FROM (SELECT migration, phase, step, count(*) AS ranges,
        count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE lease_until > clock_timestamp()) AS held,
        sum(rows_changed)::bigint AS rows_changed, sum(rows_walked)::bigint AS rows_walked, sum(chunks)::bigint AS chunks,
        max(at) AS at FROM concertina.backfill_range GROUP BY migration, phase, step) r),
    'poison', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'step', step, 'key', key,
        'relation', relation, 'code', code, 'message', message, 'at', at) ORDER BY at, key), '[]') FROM concertina.poison),
    'controls', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'wish', wish, 'pace', pace,
        'reason', reason, 'actor', actor, 'at', at) ORDER BY migration), '[]') FROM concertina.backfill_control),
    'pulses', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'phase', phase, 'step', step, 'worker', worker,
        'document', document::json, 'at', at) ORDER BY migration, step, worker), '[]') FROM concertina.backfill_pulse),
    'timings', (SELECT coalesce(json_agg(json_build_object('work', work, 'schema', schema, 'relation', relation, 'bytes', bytes,
        'millis', millis) ORDER BY work, schema, relation), '[]') FROM concertina.timing),
    'marker_details', (SELECT coalesce(json_agg(json_build_object('number', number, 'environment', environment,
        'position', position)), '[]') FROM concertina.marker_detail WHERE number IN (SELECT number FROM recent)),
    'approvals', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'digest', digest, 'reason', reason,
        'actor', actor, 'at', at) ORDER BY number), '[]') FROM concertina.approval),
-- since format 2
    'last_marker', (SELECT coalesce(max(number), 0) FROM concertina.marker),
    'manifests', (SELECT coalesce(json_agg(json_build_object('id', id, 'scripts', scripts::json)), '[]')
        FROM concertina.manifest
        WHERE id IN (SELECT manifest FROM recent) OR id IN (SELECT manifest FROM concertina.instance)),
    'markers', (SELECT coalesce(json_agg(json_build_object('service', service, 'version', version, 'kind', kind,
        'manifest', manifest, 'ready_for', ready_for::json, 'actor', actor, 'at', at, 'commit', commit, 'url', url, 'number', number)
        ORDER BY number), '[]') FROM recent),
    'instances', (SELECT coalesce(json_agg(json_build_object('service', service, 'version', version, 'id', id,
        'manifest', manifest, 'started_at', started_at, 'last_seen', last_seen, 'ttl_seconds', ttl_seconds)
        ORDER BY id), '[]') FROM concertina.instance),
    'overrides', (SELECT coalesce(json_agg(json_build_object('migration', migration, 'condition', condition,
        'reason', reason, 'actor', actor, 'at', at) ORDER BY number), '[]') FROM concertina.gate_override),
    'lease', (SELECT json_build_object('holder', holder, 'since', since, 'expires_at', expires_at)
        FROM concertina.lease WHERE holder IS NOT NULL)
)::text AS document
