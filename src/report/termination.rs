//! The message that a container leaves behind: Kubernetes keeps what stands in its termination log, and shows it in the
//! status of the pod when the log of the job is long gone.

use super::Report;
use super::line::Line;

/// Where Kubernetes looks unless the manifest says otherwise.
pub const FILE: &str = "/dev/termination-log";

/// Bytes of the message: Kubernetes cuts at 4096, which would leave broken JSON.
const BYTES: usize = 4000;

/// The message.
pub fn render(report: &Report) -> String {
    Line::of(report).fitting(BYTES)
}
