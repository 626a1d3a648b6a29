//! A database's schema as text, without what may differ: the names of constraints and indexes, and the order of columns.

use crate::application::Client;

const POSTGRES: &str = "
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'p')
UNION ALL
SELECT 'index ' || regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX \\S+ ON ', ' INDEX ON ') || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND NOT tgisinternal
UNION ALL
SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'
UNION ALL
SELECT 'label ' || typname || ' ' || enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid";

const SQLITE: &str = "
SELECT 'column ' || m.name || '.' || p.name || ' ' || upper(p.type) || ' ' || p.\"notnull\" || ' ' || coalesce(p.dflt_value, '-') || ' ' || (p.pk > 0)
  FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'concertina%' AND m.name NOT LIKE 'sqlite%'
UNION ALL
SELECT 'index ' || m.name || ' ' || i.\"unique\" || ' ' || (SELECT group_concat(name) FROM pragma_index_info(i.name))
  FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE 'concertina%'
UNION ALL
SELECT 'key ' || m.name || ' ' || f.\"from\" || ' ' || f.\"table\" || ' ' || f.on_delete
  FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND m.name NOT LIKE 'concertina%'
UNION ALL
SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('trigger', 'view') AND tbl_name NOT LIKE 'concertina%'";

/// The schema, one fact a line; `renamed` is a column's name here and the name it goes by in the comparison.
pub(crate) async fn of(client: &mut Client, dialect: &str, renamed: Option<(&str, &str)>) -> String {
    let query = if dialect == "postgres" { POSTGRES } else { SQLITE };
    let rows = client.rows(query).await.expect("the catalogue answers");
    let mut lines: Vec<String> = rows.into_iter().map(|row| row[0].replace('\n', " ")).collect();
    if let Some((from, to)) = renamed {
        lines.iter_mut().for_each(|line| *line = line.replace(from, to));
    }
    lines.sort();
    lines.iter().map(|line| format!("{line}\n")).collect()
}
