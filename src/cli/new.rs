//! `migrate new`: writes the folder of a migration with a script per phase, empty or after a recipe.

mod name;
pub mod recipe;

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::exit::Exit;
use super::failure::Failure;
use super::fix::target::follow_each;
use super::fix::write;
use super::lint::policy;
use super::refused_by;
use super::session::Session;
use super::site::Site;
use crate::fix::remake::Texts;
use crate::fix::{Case, Change, fix};
use crate::lint::{Level, Replay};
use crate::migration::{MigrationId, Project};
use crate::recipe::{GUESSED, Given, Views};
use crate::report::found::enter;
use crate::report::{CommandName, Outcome, Report};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Phase};
use recipe::Recipe;

/// Arguments of `migrate new`.
#[derive(clap::Args, Debug)]
#[command(subcommand_value_name = "RECIPE", subcommand_help_heading = "Recipes", disable_help_subcommand = true)]
pub struct Args {
    /// What the migration is about, in a few words: users-full-name
    pub slug: String,

    /// Only these phases [default: all three]
    #[arg(long = "phase", value_name = "PHASE", value_enum)]
    pub phases: Vec<super::PhaseArg>,

    /// A change to write in phases
    #[command(subcommand)]
    pub recipe: Option<Recipe>,
}

/// Writes `<time>_<slug>/` with a file per phase.
///
/// # Errors
/// When the slug has no letter, the folder is there already or cannot be written, or the recipe cannot be followed.
pub fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    match &args.recipe {
        Some(recipe) => by_recipe(args, recipe, session),
        None => empty(args, &session.project()?),
    }
}

/// The name of the new migration.
fn id(args: &Args) -> Result<String, Failure> {
    let slug = slug(&args.slug).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{}` has no letter or digit to make a name of", args.slug)).next("migrate new users-full-name")
    })?;
    Ok(format!("{}_{slug}", Timestamp::now().strftime("%Y%m%d%H%M%S")))
}

/// Writes what a recipe makes of one change.
fn by_recipe(args: &Args, recipe: &Recipe, session: &Session) -> Result<Report, Failure> {
    let site = Site::find_offline(session)?;
    let project = &site.project;
    let id = MigrationId::new(&id(args)?);
    let mut past = Replay::new(site.server, Knowledge::Known, policy(Some(project))?);
    let (mut texts, mut views) = (Texts::default(), Views::default());
    follow_each(&site, None, &mut past, |script| {
        views.follow(script, site.server.dialect);
        if site.server.dialect == Dialect::Sqlite {
            texts.follow(script);
        }
    })?;
    let given = Given { server: site.server, schema: past.schema(), migration: id.as_str(), phase: Phase::Expand, views: Some(&views) };
    let (draft, wishes) = recipe.draft(&given, &texts)?;
    let shown = project.migrations.strip_prefix(&project.root).unwrap_or(&project.migrations);
    let folder = shown.join(id.as_str()).to_string_lossy().replace('\\', "/");
    let paths = Phase::ALL.map(|phase| format!("{folder}/{phase}.sql"));
    let settings_path = format!("{folder}/migration.toml");
    let case = Case { past: &past, views: &views, migration: &id, paths, settings_path, wishes, allowances: &[] };
    let fixed = fix(&case, draft);
    if let Some(left) = fixed.left.iter().find(|left| left.finding.level == Level::Deny) {
        let message = format!("{}: {}", left.finding.message, left.reason);
        return Err(Failure::new(Exit::Usage, message).next(format!("migrate explain {}", left.finding.lint)));
    }
    let mut changes: Vec<Change> = Vec::new();
    let texts = Phase::ALL.map(|phase| (format!("{folder}/{phase}.sql"), fixed.draft.text(phase).to_owned()));
    for (path, text) in texts.into_iter().chain([(format!("{folder}/migration.toml"), fixed.draft.settings().to_owned())]) {
        if !text.trim().is_empty() {
            changes.push(Change { path, before: None, after: Some(text) });
        }
    }
    write::all(&project.root, &changes)?;
    let mut report = Report::new(CommandName::New);
    enter(&mut report, fixed.left.iter().map(|left| left.finding.clone()), [], site.server.dialect);
    report.outcome = Outcome::Applied;
    report.files = changes.into_iter().map(|change| change.path).collect();
    report.notes.push(format!("wrote migration {id}"));
    if fixed.draft.settings().contains("[[sync]]") {
        report
            .notes
            .push("[[sync]] in migration.toml adds the column, keeps it equal and fills it: `migrate plan` prints the SQL".to_owned());
    }
    if fixed.draft.text(Phase::Backfill).contains(GUESSED) {
        report.notes.push("backfill.sql gives rows that exist a value that was guessed: put the right one".to_owned());
    }
    report.next.push("migrate plan".to_owned());
    refused_by(&mut report);
    Ok(report)
}

/// Writes a script per phase that says what belongs into it.
fn empty(args: &Args, project: &Project) -> Result<Report, Failure> {
    let id = id(args)?;
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
