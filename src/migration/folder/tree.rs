//! A folder as git keeps it: names of contents instead of files.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{DEEPEST, Store};
use crate::migration::layout::{Entry, Folder};
use crate::migration::{Manifest, MigrationError, Migrations, Seen};
use crate::schema::Dialect;

/// A folder as git keeps it.
pub struct Tree<'a> {
    /// What its files are called in messages: a path in front of theirs.
    pub shown: &'a str,
    /// The names of the contents by the paths of the files, below the folder.
    pub files: &'a BTreeMap<String, String>,
    /// The content of this name.
    pub read: &'a dyn Fn(&str) -> std::io::Result<Vec<u8>>,
}

impl Manifest {
    /// What a folder in git holds. Contents whose digests are known are not read.
    ///
    /// # Errors
    /// As [`Migrations::read`].
    pub fn of_tree(tree: &Tree<'_>, dialect: Dialect, seen: &mut Seen) -> Result<Manifest, MigrationError> {
        Ok(Migrations::load(&Store::Tree { tree, seen: RefCell::new(seen) }, dialect)?.manifest())
    }
}

/// Its entries, as those of a folder on disk.
pub(super) fn tree_entries(tree: &Tree<'_>) -> Vec<Entry> {
    let mut root = Folder::default();
    for path in tree.files.keys() {
        let mut folder = &mut root;
        let mut names = path.split('/').peekable();
        let mut depth = 0;
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                folder.files.push(name.to_owned());
            } else if name.starts_with('.') || depth > DEEPEST {
                break;
            } else {
                // Paths are sorted: those of one folder follow one another.
                if folder.folders.last().is_none_or(|last| last.name != name) {
                    folder.folders.push(Folder { name: name.to_owned(), ..Folder::default() });
                }
                let Some(inner) = folder.folders.last_mut() else { break };
                folder = inner;
                depth += 1;
            }
        }
    }
    root.files.into_iter().map(Entry::File).chain(root.folders.into_iter().map(Entry::Folder)).collect()
}
