//! What the schema says against the proof that a changed row does not fit a statement's condition any more.

use super::SqliteBackend;
use super::session::{Value, text};
use crate::backend::BackendError;
use crate::backfill::Job;
use crate::schema::Dialect;
use crate::sql::{Exclusion, TriggerText, TriggerTiming, meddles};

impl SqliteBackend {
    /// A trigger that may give a row other values than the statement does. The tool's own keep two columns equal.
    pub(super) async fn undoing(&mut self, job: &Job) -> Result<Option<String>, BackendError> {
        match &job.exclusion {
            Exclusion::Proven { .. } => {}
            Exclusion::Unproven { .. } => return Ok(None),
        }
        // A file that is yet to be made has no triggers.
        let Some(session) = self.session.as_mut() else { return Ok(None) };
        session.calm().await?;
        let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE \
            AND name NOT LIKE 'zz\\_sync\\_%' ESCAPE '\\' ORDER BY name";
        for row in session.rows(sql, &[Value::Text(job.table.name.as_str())]).await? {
            let trigger = TriggerText {
                name: text(&row, "name")?.unwrap_or_default(),
                timing: TriggerTiming::After,
                language: "sqlite".to_owned(),
                body: text(&row, "sql")?.unwrap_or_default(),
                arguments: String::new(),
            };
            if let Some(told) = meddles(&job.sql, &job.point, Dialect::Sqlite, &trigger) {
                return Ok(Some(told));
            }
        }
        Ok(None)
    }
}
