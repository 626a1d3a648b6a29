//! Objects of one kind by their canonical names, with a list of those that changed.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::ObjectName;

/// Objects of one kind. Copies share them until one changes.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Objects<T> {
    held: HashMap<ObjectName, Arc<T>>,
    /// The names under which something may have changed since the last [`Objects::settle`].
    #[serde(skip)]
    changed: Vec<ObjectName>,
}

impl<T> Objects<T> {
    pub(super) fn new() -> Objects<T> {
        Objects { held: HashMap::new(), changed: Vec::new() }
    }

    pub(super) fn insert(&mut self, name: ObjectName, object: Arc<T>) {
        self.changed.push(name.clone());
        self.held.insert(name, object);
    }

    pub(super) fn remove(&mut self, name: &ObjectName) -> Option<Arc<T>> {
        self.changed.push(name.clone());
        self.held.remove(name)
    }

    pub(super) fn get_mut(&mut self, name: &ObjectName) -> Option<&mut Arc<T>> {
        let object = self.held.get_mut(name)?;
        if self.changed.last() != Some(name) {
            self.changed.push(name.clone());
        }
        Some(object)
    }

    /// Forgets what changed, after a last touch of each object that nobody shares.
    pub(super) fn settle(&mut self, touch: fn(&mut T)) {
        for name in self.changed.drain(..) {
            if let Some(object) = self.held.get_mut(&name).and_then(Arc::get_mut) {
                touch(object);
            }
        }
    }

    /// Takes over the objects that changed in `other`, where the same was done as here.
    pub(super) fn share(&mut self, other: &mut Objects<T>, touch: fn(&mut T))
    where
        T: PartialEq + std::fmt::Debug,
    {
        self.changed.clear();
        for name in other.changed.drain(..) {
            let Some(object) = other.held.get_mut(&name) else { continue };
            if let Some(object) = Arc::get_mut(object) {
                touch(object);
            }
            if let Some(held) = self.held.get_mut(&name) {
                debug_assert_eq!(held, object, "the same operations led to different objects");
                *held = Arc::clone(object);
            }
        }
    }
}

impl<T> Deref for Objects<T> {
    type Target = HashMap<ObjectName, Arc<T>>;

    fn deref(&self) -> &HashMap<ObjectName, Arc<T>> {
        &self.held
    }
}

impl<T: PartialEq> PartialEq for Objects<T> {
    fn eq(&self, other: &Objects<T>) -> bool {
        self.held == other.held
    }
}
