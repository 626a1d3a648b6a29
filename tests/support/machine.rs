//! Machines of their own for processes: network namespaces, each at the end of a cable that can be pulled and put in again.

use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use super::{account, skip};

/// A namespace with one cable to this machine; both go when it goes.
pub(crate) struct Machine {
    name: String,
    number: u8,
}

/// A further machine; `None` where none can be made.
pub(crate) fn machine() -> Option<Machine> {
    static NUMBER: AtomicU8 = AtomicU8::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // The names of cables are short, and other test programs may run beside this one.
    let machine = Machine { name: format!("mt{}n{number}", std::process::id()), number };
    machine.make().map_err(|reason| skip("netns", &reason)).ok()?;
    Some(machine)
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    account::run(Command::new("ip").args(arguments)).map(drop)
}

impl Machine {
    fn make(&self) -> Result<(), String> {
        let (name, near, far) = (self.name.as_str(), self.name.as_str(), "wire");
        ip(&["netns", "add", name])?;
        ip(&["link", "add", near, "type", "veth", "peer", "name", far, "netns", name])?;
        ip(&["addr", "add", &format!("{}/30", self.here()), "dev", near])?;
        ip(&["link", "set", near, "up"])?;
        ip(&["-n", name, "addr", "add", &format!("{}/30", self.there()), "dev", far])?;
        ip(&["-n", name, "link", "set", far, "up"])
    }

    /// This machine's address at the other's cable. A network for each process of tests, and in it one for each machine.
    pub(crate) fn here(&self) -> String {
        format!("10.{}.{}.1", 64 + std::process::id() % 128, self.number)
    }

    /// The other's own address.
    pub(crate) fn there(&self) -> String {
        format!("10.{}.{}.2", 64 + std::process::id() % 128, self.number)
    }

    /// What a command is put behind to run there.
    pub(crate) fn wrapper(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    /// Pulls the cable: whatever is sent from now on is lost, and nobody is told.
    pub(crate) fn pull(&self) {
        ip(&["link", "set", &self.name, "down"]).expect("the cable can be pulled");
    }

    /// Puts it in again.
    pub(crate) fn plug(&self) {
        ip(&["link", "set", &self.name, "up"]).expect("the cable can be put in");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The cable goes with one of its ends; the namespace with its last process.
        let _ = ip(&["link", "del", &self.name]);
        let _ = ip(&["netns", "del", &self.name]);
    }
}
