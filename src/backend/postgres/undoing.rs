//! What the catalogue says against the proof that a changed row does not fit a statement's condition any more.

use super::PostgresBackend;
use super::catalogue::regclass;
use super::session::{text, value};
use crate::backend::BackendError;
use crate::backfill::Job;
use crate::schema::Dialect;
use crate::schema::operation::DataKind;
use crate::sql::{Exclusion, TriggerText, TriggerTiming, meddles};

impl PostgresBackend {
    /// What may give a row other values than the statement does; `assigned` is the array of the columns that it assigns.
    pub(super) async fn undoing(&mut self, job: &Job, assigned: &str) -> Result<Option<String>, BackendError> {
        let event = match (&job.exclusion, job.point.kind) {
            (Exclusion::Proven { .. }, DataKind::Update) => 16,
            (Exclusion::Proven { .. }, DataKind::Delete) => 8,
            (Exclusion::Proven { .. } | Exclusion::Unproven { .. }, _) => return Ok(None),
        };
        for trigger in self.row_triggers(job, assigned, event).await? {
            if let Some(told) = meddles(&job.sql, &job.point, Dialect::Postgres, &trigger) {
                return Ok(Some(told));
            }
        }
        let composite = self.composite(job, assigned).await?;
        Ok(composite.map(|column| format!("{column} is of a composite type, and a row of NULLs is NULL as well")))
    }

    /// The row triggers that fire for these columns, without the tool's own, which keep two columns equal.
    ///
    /// Bits of `tgtype`: 1 for each row, 2 before, 4 INSERT, 8 DELETE, 16 UPDATE (src/include/catalog/pg_trigger.h of 14 to 18).
    async fn row_triggers(&mut self, job: &Job, assigned: &str, event: u32) -> Result<Vec<TriggerText>, BackendError> {
        let table = regclass(&job.table);
        let sql = format!(
            "SELECT t.tgname::text AS name, (t.tgtype & 2 = 2)::text AS before, l.lanname::text AS language, p.prosrc AS body, \
               encode(t.tgargs, 'escape') AS arguments \
             FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang \
             WHERE t.tgrelid IN (SELECT relid FROM pg_partition_tree({table}) UNION SELECT {table}) \
               AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 1 = 1 AND t.tgtype & {event} <> 0 \
               AND t.tgname NOT LIKE 'zz\\_sync\\_%' \
               AND (t.tgattr::text = '' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr) \
                 AND a.attname = ANY ({assigned}))) \
             ORDER BY t.tgname"
        );
        let mut found = Vec::new();
        for row in self.main.rows(sql).await? {
            let timing = if value(&row, "before")? == "true" { TriggerTiming::Before } else { TriggerTiming::After };
            let (name, language) = (value(&row, "name")?, value(&row, "language")?);
            let (body, arguments) = (value(&row, "body")?, text(&row, "arguments")?.unwrap_or_default());
            found.push(TriggerText { name, timing, language, body, arguments });
        }
        Ok(found)
    }

    /// An assigned column of a composite type, or of a domain over one: `IS NULL` holds for a row whose fields are all NULL.
    async fn composite(&mut self, job: &Job, assigned: &str) -> Result<Option<String>, BackendError> {
        let sql = format!(
            "WITH RECURSIVE base (name, oid) AS (SELECT attname::text, atttypid FROM pg_attribute \
               WHERE attrelid = {} AND attname = ANY ({assigned}) \
               UNION ALL SELECT b.name, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd') \
             SELECT min(b.name) AS name FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'c'",
            regclass(&job.table)
        );
        text(&self.main.row(sql).await?, "name")
    }
}
