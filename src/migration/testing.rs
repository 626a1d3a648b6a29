//! Migrations made of a few lines of SQL, for tests of every wing above.

use super::Migrations;
use crate::schema::Dialect;

/// Migrations from files: `("1_a/expand.sql", "CREATE TABLE …")`. A path without a folder is a flat file.
pub(crate) fn migrations(files: &[(&str, &str)], dialect: Dialect) -> Migrations {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("below the folder")).expect("made");
        std::fs::write(file, text).expect("written");
    }
    let mut migrations = Migrations::read(folder.path(), folder.path(), dialect).expect("understood");
    migrations.embed().expect("just written");
    migrations
}
