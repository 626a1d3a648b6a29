//! docs/commands.md is generated from the command line's definition and compared; `UPDATE_DOCS=1` rewrites it.

use std::fmt::Write;
use std::fs;

use concertina::cli::{Exit, definition};

use super::root;

fn compare(page: &str, generated: &str) {
    let path = root().join(page);
    let written = fs::read_to_string(&path).unwrap_or_default();
    if written == generated {
        return;
    }
    assert!(std::env::var_os("UPDATE_DOCS").is_some(), "{page} is out of date: run the tests with UPDATE_DOCS=1");
    fs::write(path, generated).expect("the page can be written");
}

#[test]
fn commands_are_documented() {
    let mut page =
        String::from("# Commands\n\nGenerated from the definition of the command line; `migrate <command> --help` says the same.\n");
    page.push_str("\n## Exit codes\n\nThe numbers are an interface: they never change.\n\n| code | meaning |\n|---|---|\n");
    for exit in Exit::ALL {
        let _ = writeln!(page, "| {} | {} |", exit.code(), exit.meaning());
    }
    let mut definition = definition().term_width(100);
    definition.build();
    let _ = write!(page, "\n## Options of every command\n\n```text\n{}```\n", global_options(&mut definition));
    for command in definition.get_subcommands_mut() {
        let name = command.get_name().to_owned();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let own = command.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
        let help = own.bin_name(format!("migrate {name}")).render_long_help().to_string();
        let help: String =
            help.lines().skip_while(|line| !line.starts_with("Usage:")).map(|line| format!("{}\n", line.trim_end())).collect();
        let _ = write!(page, "\n## migrate {name}\n\n{about}.\n\n```text\n{help}```\n");
    }
    compare("docs/commands.md", &page);
}

fn global_options(definition: &mut clap::Command) -> String {
    let help = definition.render_long_help().to_string();
    help.lines()
        .skip_while(|line| !line.starts_with("Global options:"))
        .skip(1)
        .take_while(|line| !line.starts_with("Exit codes:"))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn help_names_every_exit_code() {
    let help = definition().render_long_help().to_string();
    for exit in Exit::ALL {
        assert!(help.contains(&format!("{:>2}  {}", exit.code(), exit.meaning())), "{exit:?} is not in --help");
    }
}

#[test]
fn the_numbers_of_the_exit_codes_are_frozen() {
    let numbers = Exit::ALL.map(Exit::code);
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 75]);
    assert_eq!(Exit::Temporary.code(), 75);
}
