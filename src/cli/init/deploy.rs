//! `migrate init --deploy`: files that roll a service out beside its migrations, from the templates in `files`.
//!
//! Names in a template stand between two underlines on each side. `__RELEASE__` and `__MARK__` stay: the scripts that are
//! written fill them at each roll-out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use include_dir::{Dir, DirEntry, include_dir};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// The templates, a folder for each part of a roll-out.
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/cli/init/files");

/// How a service is rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A Helm chart: expand and markers as hooks, contract as a CronJob
    Helm,
    /// Manifests for Argo CD: expand and markers in waves of the sync
    Argocd,
    /// Canary and blue-green with Argo Rollouts, and a script that rolls out
    Rollouts,
    /// A canary with Flagger, and a script that rolls out
    Flagger,
    /// Plain manifests and a script that rolls out
    Kubernetes,
    /// Task definitions of ECS, a service, a schedule, and a script that rolls out
    Ecs,
    /// Workflows of GitHub Actions
    Github,
    /// Jobs of GitLab CI, to include
    Gitlab,
    /// A file for Docker Compose
    Compose,
}

/// Where a part of the templates goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `deploy/`, for all services and ways.
    Shared,
    /// `deploy/<target>/<service>/`.
    Own,
    /// `.github/workflows/` of the repository.
    Workflows,
}

/// Where the project lies in its repository.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// From the repository's root to the project's: `.` where they are the same.
    inside: PathBuf,
    /// From the project's root to the repository's.
    outside: PathBuf,
}

/// What the templates are filled with.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// As migrate.toml calls it.
    pub(super) name: String,
    /// As Kubernetes calls it.
    label: String,
    /// The repository of its image, without a tag.
    image: String,
}

/// Files to write: their paths from the project's root and their texts.
pub(super) type Files = BTreeMap<PathBuf, String>;

impl Home {
    /// Looks for the repository around a project.
    pub(super) fn of(project: &Path) -> Home {
        let project = fs::canonicalize(project).unwrap_or_else(|_| project.to_owned());
        let repository = project.ancestors().find(|folder| folder.join(".git").exists());
        let inside = repository.and_then(|repository| project.strip_prefix(repository).ok()).unwrap_or(Path::new(""));
        let outside = inside.components().map(|_| "..").collect();
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        Home { inside: inside.to_owned(), outside }
    }

    /// A path of the project as the repository calls it.
    fn name(&self, path: &Path) -> String {
        let path = if self.inside == Path::new(".") { path.to_owned() } else { self.inside.join(path) };
        path.to_string_lossy().replace('\\', "/")
    }
}

impl Service {
    /// The service of this name; the image is made up where none is given.
    ///
    /// # Errors
    /// When the name cannot stand in a manifest or an image.
    pub(super) fn new(name: &str, image: Option<&str>) -> Result<Service, Failure> {
        let plain = |text: &str, others: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
        if !plain(name, "._-") {
            let message = format!("`{name}` cannot name what is rolled out: letters, digits, `.`, `_` and `-` can");
            return Err(Failure::new(Exit::Usage, message).next("migrate init --deploy helm --service api"));
        }
        let image = image.map_or_else(|| format!("registry.example.com/{}", name.to_ascii_lowercase()), str::to_owned);
        // A tag stands behind the last `/`; what stands before it may be a port.
        let is_tagged = image.rsplit('/').next().is_some_and(|last| last.contains(':'));
        if !plain(&image, "._-/:") || is_tagged {
            let message = format!("`{image}` is no image without a tag: the tag is the release");
            return Err(Failure::new(Exit::Usage, message).next(format!("migrate init --deploy helm --image registry.example.com/{name}")));
        }
        let label: String = name.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Ok(Service { name: name.to_owned(), label: label.trim_matches('-').to_owned(), image })
    }

    fn fill(&self, text: &str, folder: &str, home: &Home) -> String {
        let project = home.inside.to_string_lossy().replace('\\', "/");
        let values = [
            ("__PROJECT__", project.as_str()),
            ("__SERVICE__", &self.name),
            ("__NAME__", &self.label),
            ("__IMAGE__", &self.image),
            ("__FOLDER__", folder),
            ("__VERSION__", env!("CARGO_PKG_VERSION")),
        ];
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

impl Target {
    /// The name on the command line and in the path.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Target::Helm => "helm",
            Target::Argocd => "argocd",
            Target::Rollouts => "rollouts",
            Target::Flagger => "flagger",
            Target::Kubernetes => "kubernetes",
            Target::Ecs => "ecs",
            Target::Github => "github",
            Target::Gitlab => "gitlab",
            Target::Compose => "compose",
        }
    }

    fn parts(self) -> &'static [(&'static str, Place)] {
        match self {
            Target::Helm => &[("image", Place::Shared), ("helm", Place::Own)],
            Target::Argocd => &[("image", Place::Shared), ("argocd", Place::Own)],
            Target::Rollouts => &[("image", Place::Shared), ("jobs", Place::Own), ("serve", Place::Own), ("rollouts", Place::Own)],
            Target::Flagger => &[("image", Place::Shared), ("jobs", Place::Own), ("serve", Place::Own), ("flagger", Place::Own)],
            Target::Kubernetes => &[("image", Place::Shared), ("jobs", Place::Own), ("kubernetes", Place::Own)],
            Target::Ecs => &[("image", Place::Shared), ("ecs", Place::Own)],
            Target::Github => &[("github", Place::Workflows)],
            Target::Gitlab => &[("gitlab", Place::Own)],
            Target::Compose => &[("image", Place::Shared), ("compose", Place::Own)],
        }
    }

    /// The files of one service, filled.
    pub(super) fn files(self, service: &Service, home: &Home) -> Files {
        let own = Path::new("deploy").join(self.as_str()).join(&service.label);
        let mut files = Files::new();
        for (part, place) in self.parts() {
            let folder = match place {
                Place::Shared => PathBuf::from("deploy"),
                Place::Own => own.clone(),
                Place::Workflows => home.outside.join(".github/workflows"),
            };
            let mut found = Vec::new();
            collect(FILES.get_dir(part), &mut found);
            for (path, text) in found {
                let path = path.strip_prefix(part).unwrap_or(path);
                let path = service.fill(&path.to_string_lossy(), "", home);
                files.insert(folder.join(path), service.fill(text, &home.name(&own), home));
            }
        }
        files
    }

    /// What to type, in this order.
    pub(super) fn next(self, service: &Service) -> Vec<String> {
        let Service { label, image, .. } = service;
        let own = format!("deploy/{}/{label}", self.as_str());
        let build = format!("docker build --file deploy/Dockerfile.migrations --tag {image}-migrations:<release> .");
        let secret = format!("kubectl create secret generic {label}-database --from-file url=<file with the URL>");
        match self {
            Target::Helm => {
                let upgrade = format!("helm upgrade --install {label} {own} --wait --timeout 30m --set release=<release>");
                vec![build, secret, upgrade]
            }
            Target::Argocd => {
                vec![build, secret, format!("{own}/set-release.sh <release>"), format!("kubectl apply --filename {own}/application.yaml")]
            }
            Target::Rollouts => vec![build, secret, format!("{own}/roll-out.sh canary <release>")],
            Target::Flagger | Target::Kubernetes => vec![build, secret, format!("{own}/roll-out.sh out <release>")],
            Target::Ecs => vec![build, format!("{own}/roll-out.sh <release>")],
            Target::Github => vec!["gh secret set MIGRATE_DATABASE_URL --env production".to_owned()],
            Target::Gitlab => vec![format!("include {own}/migrations.gitlab-ci.yml in .gitlab-ci.yml")],
            Target::Compose => vec![format!("docker compose --file {own}/compose.yaml up --detach --wait")],
        }
    }
}

/// The text files below a folder of templates.
fn collect<'a>(folder: Option<&'a Dir<'a>>, found: &mut Vec<(&'a Path, &'a str)>) {
    for entry in folder.into_iter().flat_map(Dir::entries) {
        match entry {
            DirEntry::Dir(folder) => collect(Some(folder), found),
            DirEntry::File(file) => found.extend(file.contents_utf8().map(|text| (file.path(), text))),
        }
    }
}

/// What to do about files that are there already with other content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Write nothing at all.
    Keep,
    /// Write over them (`--force`).
    Replace,
}

/// Writes the files that are not there as they should be; their paths.
///
/// # Errors
/// When a file is there with other content, or cannot be written.
pub(super) fn write(root: &Path, files: &Files, existing: Existing, again: &str) -> Result<Vec<String>, Failure> {
    let has = |path: &Path, text: &str| fs::read(root.join(path)).is_ok_and(|found| found == text.as_bytes());
    let missing: Vec<(&PathBuf, &String)> = files.iter().filter(|(path, text)| !has(path, text)).collect();
    let other: Vec<String> =
        missing.iter().filter(|(path, _)| root.join(path).symlink_metadata().is_ok()).map(|(path, _)| path.display().to_string()).collect();
    if existing == Existing::Keep && !other.is_empty() {
        let mut failure = Failure::new(Exit::Usage, "files are there already with other content; nothing was written").next(again);
        failure.causes = other;
        return Err(failure);
    }
    let mut written = Vec::new();
    for (path, text) in missing {
        let refuse = |error: std::io::Error| Failure::new(Exit::Failure, format!("cannot write {}: {error}", path.display()));
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(refuse)?;
        }
        fs::write(&file, text).map_err(refuse)?;
        if path.extension().is_some_and(|extension| extension == "sh") {
            executable(&file).map_err(refuse)?;
        }
        written.push(path.display().to_string());
    }
    Ok(written)
}

#[cfg(unix)]
fn executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = fs::metadata(file)?.permissions();
    permissions.set_mode(permissions.mode() | 0o111);
    fs::set_permissions(file, permissions)
}

#[cfg(not(unix))]
fn executable(_file: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `__NAME__`, as templates write it.
    fn names(text: &str) -> Vec<&str> {
        let parts: Vec<&str> = text.split("__").collect();
        let inner = parts.iter().skip(1).step_by(1).filter(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase()));
        inner.copied().collect()
    }

    #[test]
    fn every_template_is_filled() {
        let service = Service::new("Shop_api", None).expect("a name");
        let home = Home { inside: PathBuf::from("shop"), outside: PathBuf::from("..") };
        for target in Target::value_variants() {
            let files = target.files(&service, &home);
            assert!(!files.is_empty(), "{target:?} has templates");
            for (path, text) in &files {
                let left: Vec<&str> = names(text).into_iter().filter(|name| !["RELEASE", "MARK"].contains(name)).collect();
                assert!(left.is_empty(), "{}: {left:?}", path.display());
                assert!(names(&path.to_string_lossy()).is_empty(), "{}", path.display());
            }
        }
    }

    #[test]
    fn workflows_lie_where_github_looks() {
        let repository = tempfile::tempdir().expect("a folder");
        let project = repository.path().join("services/shop");
        fs::create_dir_all(&project).expect("it is ours");
        fs::create_dir(repository.path().join(".git")).expect("it is ours");
        let files = Target::Github.files(&Service::new("api", None).expect("a name"), &Home::of(&project));
        let (path, text) = files.first_key_value().expect("there are files");
        assert_eq!(path, Path::new("../../.github/workflows/api-migrations.yml"));
        assert!(text.contains("--project services/shop"), "{text}");
        let alone = Home::of(&repository.path().join("services"));
        assert_eq!(alone.name(Path::new("deploy")), "services/deploy");
    }

    #[test]
    fn names_fit_where_they_stand() {
        let service = Service::new("Shop_api", None).expect("a name");
        assert_eq!((service.label.as_str(), service.image.as_str()), ("shop-api", "registry.example.com/shop_api"));
        assert!(Service::new("a b", None).is_err() && Service::new("", None).is_err());
        assert!(Service::new("api", Some("localhost:5000/api")).is_ok());
        assert!(Service::new("api", Some("localhost:5000/api:1")).is_err(), "a tag is the release");
        assert!(Service::new("api", Some("a\nb")).is_err());
    }
}
