//! The schema of a database as text, so that two can be compared.

use std::path::Path;

use crate::application::Client;

const POSTGRES: &str = "
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'p')
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND NOT tgisinternal
UNION ALL
SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'
ORDER BY 1";

const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'concertina%' AND name NOT LIKE 'sqlite_%' AND tbl_name NOT LIKE 'concertina%' ORDER BY 1";

/// The schema of the database behind `url`, the tool's own tables left out.
pub(crate) async fn of(url: &str) -> Vec<String> {
    let mut client = Client::connect(url).await;
    let query = if url.starts_with("postgres") { POSTGRES } else { SQLITE };
    client.rows(query).await.expect("the catalogue answers").into_iter().map(|row| row[0].clone()).collect()
}

/// The schema that the scripts make when they are simply executed, one after the other, in an empty database.
/// `declared` stands for what migration.toml of the migrations behind the first one declares.
pub(crate) async fn after_plain_execution(tree: &Path, url: &str, declared: Option<&str>) -> Vec<String> {
    let mut client = Client::connect(url).await;
    let mut migrations: Vec<_> =
        std::fs::read_dir(tree.join("migrations")).expect("migrations").map(|entry| entry.expect("an entry").path()).collect();
    migrations.sort();
    if let Some(declared) = declared {
        migrations.truncate(1);
        let script = std::fs::read_to_string(migrations[0].join("expand.sql")).expect("the base");
        client.run(&script).await.expect("the base");
        client.run(declared).await.expect("what is declared");
        return of(url).await;
    }
    for migration in migrations {
        for phase in ["expand", "backfill", "contract"] {
            let Ok(script) = std::fs::read_to_string(migration.join(format!("{phase}.sql"))) else { continue };
            // CONCURRENTLY refuses to share a message with other statements; these scripts hold one such statement alone.
            client.run(&script).await.unwrap_or_else(|error| panic!("{}:{phase}: {error}", migration.display()));
        }
    }
    of(url).await
}
