//! MySQL's and MariaDB's version gates: `/*!40101 … */`, `/*M!100100 … */`.
//!
//! <https://dev.mysql.com/doc/refman/8.4/en/comments.html>, <https://mariadb.com/kb/en/comment-syntax/>

use super::Gates;
use crate::schema::{Dialect, Server};

/// What a `/*` turns out to be.
pub(super) enum Gate {
    /// An ordinary comment.
    None,
    /// The content runs; the marker has this many bytes.
    Open {
        /// Length of `/*!40101`.
        marker: usize,
    },
    /// The content is a comment for this server.
    Shut,
}

/// Looks at bytes that begin with `/*`.
pub(super) fn at(bytes: &[u8], dialect: Dialect, gates: Gates) -> Gate {
    if dialect != Dialect::Mysql {
        return Gate::None;
    }
    let (prefix, mariadb_only) = match bytes {
        [_, _, b'!', ..] => (3, false),
        [_, _, b'M', b'!', ..] => (4, true),
        _ => return Gate::None,
    };
    let digits = bytes[prefix..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    // Fewer than five digits are content, not a version.
    let digits = if digits < 5 { 0 } else { digits };
    let version = bytes[prefix..prefix + digits].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let open = match gates {
        Gates::All => true,
        Gates::For(server) => is_open(version, mariadb_only, server),
    };
    if open { Gate::Open { marker: prefix + digits } } else { Gate::Shut }
}

/// `version` is `MMmmpp`, zero when none was written. The server's patch number is not known: taken as the newest.
fn is_open(version: u32, mariadb_only: bool, server: Server) -> bool {
    let mariadb = server.version.is_mariadb();
    let newest = u32::from(server.version.major) * 10_000 + u32::from(server.version.minor) * 100 + 99;
    // MariaDB leaves out what MySQL 5.7 and newer gate for themselves.
    let for_mysql = mariadb && !mariadb_only && (50_700..100_000).contains(&version);
    (mariadb || !mariadb_only) && !for_mysql && version <= newest
}
