//! `migrate new`: writes the folder of a migration with a script per phase.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Phase;

/// Arguments of `migrate new`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What the migration is about, in a few words: users-full-name
    pub slug: String,

    /// Only these phases [default: all three]
    #[arg(long = "phase", value_name = "PHASE", value_enum)]
    pub phases: Vec<super::PhaseArg>,
}

/// Writes `<time>_<slug>/` with a file per phase.
///
/// # Errors
/// When the slug has no letter, the folder is there already or cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let project = session.project()?;
    let slug = slug(&args.slug).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` has no letter or digit to make a name of", args.slug)).next("migrate new users-full-name")
    })?;
    let id = format!("{}_{slug}", Timestamp::now().strftime("%Y%m%d%H%M%S"));
    let folder = project.migrations.join(&id);
    let phases: Vec<Phase> =
        if args.phases.is_empty() { Phase::ALL.to_vec() } else { args.phases.iter().map(|&phase| phase.into()).collect() };
    let written = |path: &Path| path.strip_prefix(&project.root).unwrap_or(path).display().to_string();
    let refuse = |path: &Path, error: std::io::Error| Failure::new(Exit::Failure, format!("cannot write {}: {error}", written(path)));
    fs::create_dir_all(&project.migrations).map_err(|error| refuse(&project.migrations, error))?;
    fs::create_dir(&folder).map_err(|error| refuse(&folder, error))?;
    let mut report = Report::new(CommandName::New);
    for phase in phases {
        let path = folder.join(format!("{phase}.sql"));
        fs::write(&path, template(phase)).map_err(|error| refuse(&path, error))?;
        report.files.push(written(&path));
    }
    report.outcome = Outcome::Applied;
    report.notes.push(format!("wrote migration {id}; delete the phases that it does not need"));
    report.next.push("migrate plan".to_owned());
    Ok(report)
}

/// Lower-case letters, digits and underscores of a name; `None` when nothing is left.
fn slug(text: &str) -> Option<String> {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_end_matches('_');
    (!slug.is_empty()).then(|| slug.to_owned())
}

fn template(phase: Phase) -> &'static str {
    match phase {
        Phase::Expand => "-- Expand: runs before the new release. Only add: every release that runs now goes on reading and writing.\n\n",
        Phase::Backfill => {
            "-- Backfill: UPDATE, DELETE or INSERT … SELECT over existing rows, with a WHERE that leaves out finished rows.\n\
             -- The tool cuts it into batches, resumes it, and proves at the end that no row is left.\n\n"
        }
        Phase::Contract => {
            "-- Contract: runs once every live release was built with this file. Only remove what this migration or an\n\
             -- earlier one superseded. May be added in a later commit.\n\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_file_names() {
        assert_eq!(slug("Users: full name!").as_deref(), Some("users_full_name"));
        assert_eq!(slug("größe"), Some("größe".to_owned()));
        assert_eq!(slug("../.."), None);
    }
}
