//! The example shop through its whole life, on the embedded SQLite: `cargo run --example walkthrough`.
//!
//! Copies migrations-example/sqlite to a scratch folder, once as release 1 saw it and once as release 2 does, and
//! runs the real commands there. `--keep` leaves the folder for a look around; `--postgres URL` runs the PostgreSQL
//! shop in an empty database instead.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use concertina::cli::{self, Exit};

/// The first migration: what release 1 was built with.
const FIRST: &str = "20260105090000_shop";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let keep = arguments.iter().any(|argument| argument == "--keep");
    let postgres = arguments.iter().position(|argument| argument == "--postgres").and_then(|at| arguments.get(at + 1));
    let scratch = std::env::temp_dir().join(format!("concertina-walkthrough-{}", std::process::id()));
    let shop = Shop::lay_out(&scratch, postgres.map(String::as_str))?;
    let result = shop.live();
    if keep {
        writeln!(io::stdout(), "\nThe folder is {}", scratch.display())?;
    } else {
        fs::remove_dir_all(&scratch)?;
    }
    result
}

/// Two checkouts of the shop that share one database.
struct Shop {
    release_1: PathBuf,
    release_2: PathBuf,
    url: String,
}

impl Shop {
    fn lay_out(scratch: &Path, postgres: Option<&str>) -> Result<Shop, Box<dyn Error>> {
        let variant = if postgres.is_some() { "postgres" } else { "sqlite" };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-example").join(variant);
        let (release_1, release_2) = (scratch.join("release-1"), scratch.join("release-2"));
        for checkout in [&release_1, &release_2] {
            fs::create_dir_all(checkout.join("migrations"))?;
            fs::copy(source.join("migrate.toml"), checkout.join("migrate.toml"))?;
        }
        for migration in fs::read_dir(source.join("migrations"))? {
            let migration = migration?;
            let checkouts: &[&PathBuf] = if migration.file_name() == FIRST { &[&release_1, &release_2] } else { &[&release_2] };
            for checkout in checkouts {
                let target = checkout.join("migrations").join(migration.file_name());
                fs::create_dir_all(&target)?;
                for script in fs::read_dir(migration.path())? {
                    let script = script?;
                    fs::copy(script.path(), target.join(script.file_name()))?;
                }
            }
        }
        let url = postgres.map_or_else(|| format!("sqlite://{}", scratch.join("shop.db").display()), str::to_owned);
        Ok(Shop { release_1, release_2, url })
    }

    fn live(&self) -> Result<(), Box<dyn Error>> {
        let (one, two) = (&self.release_1, &self.release_2);
        say("Release 1 of the shop is live.")?;
        self.run(one, &["apply", "--phase", "expand"], Exit::Done)?;
        self.run(one, &["mark", "deployed", "shop@1"], Exit::Done)?;

        say("A pull request brings six migrations. The check says what they do and what will be held.")?;
        self.run(two, &["plan"], Exit::Done)?;

        say("The deploy job expands: additive, release 1 keeps reading and writing.")?;
        self.run(two, &["apply", "--phase", "expand"], Exit::Done)?;

        say("Existing rows are filled in batches while release 1 writes.")?;
        self.run(two, &["apply", "--phase", "backfill"], Exit::Done)?;

        say("Release 2 rolls out. Release 1 still serves requests, so contract is held.")?;
        self.run(two, &["mark", "started", "shop@2"], Exit::Done)?;
        self.run(two, &["apply", "--phase", "contract"], Exit::Held)?;

        say("The roll-out ends. Contract now waits for the soak time of two seconds.")?;
        self.run(two, &["mark", "deployed", "shop@2"], Exit::Done)?;
        self.run(two, &["apply", "--phase", "contract", "--if-open"], Exit::Done)?;
        std::thread::sleep(Duration::from_millis(2200));

        say("Nothing old is left: contract removes what nobody uses any more.")?;
        self.run(two, &["apply", "--phase", "contract"], Exit::Done)?;
        self.run(two, &["status"], Exit::Done)
    }

    /// Runs one command as a user would type it in a checkout.
    fn run(&self, checkout: &Path, arguments: &[&str], expected: Exit) -> Result<(), Box<dyn Error>> {
        writeln!(io::stdout(), "$ migrate {}", arguments.join(" "))?;
        let mut line = vec!["migrate".into(), "--project".into(), checkout.into(), "--database-url".into(), self.url.clone().into()];
        line.extend(arguments.iter().map(Into::into));
        let exit = cli::run(line);
        if exit == expected { Ok(()) } else { Err(format!("`migrate {}` ended with {exit:?}", arguments.join(" ")).into()) }
    }
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "\n## {text}\n")
}
