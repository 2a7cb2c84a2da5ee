//! `cargo provenance completions`

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell as Dialect;

use super::Cli;
use crate::report::Report;

/// What a shell completes: the program by its own name.
const PROGRAM: &str = "cargo-provenance";

/// Print a completion script for a shell
///
/// For instance `cargo provenance completions bash > ~/.local/share/bash-completion/completions/cargo-provenance`.
/// Zsh completes `cargo provenance` too, once the script is in `fpath` as `_cargo-provenance`.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Shell to write for
    #[arg(value_name = "SHELL", value_enum)]
    shell: Dialect,
}

impl Args {
    /// Runs the command.
    pub fn report(&self) -> Report {
        let mut report = Report::new("completions");
        report.output = self.script();
        report
    }

    fn script(&self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        match self.shell {
            // clap_complete (4.6, `aot/shells/bash.rs`) spells the dash of a program's name in two ways: the word that the script
            // looks for, and the labels that it looks among.
            Dialect::Bash => script.replace("cargo__subcmd__provenance", "cargo__provenance"),
            _ => script,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    /// What bash offers for the words of a command line, the last of which is being typed.
    #[cfg(unix)]
    fn offered(words: &[&str]) -> String {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("script");
        std::fs::write(&file, Args { shell: Dialect::Bash }.script()).expect("script");
        let ask = r#"source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _cargo__provenance "$1" "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}""#;
        let mut bash = std::process::Command::new("bash");
        bash.args(["--norc", "-c", ask, "bash"]).arg(file).args(words);
        let output = bash.output().expect("bash");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    #[cfg(unix)]
    #[test]
    fn bash_completes_the_flags_of_a_subcommand() {
        for (words, expected) in [
            (&["cargo-provenance", "ver"][..], "verify verify-artifact"),
            (&["cargo-provenance", "verify", "--fu"], "--full"),
            (&["cargo-provenance", "pin", "--ow"], "--own"),
            (&["cargo-provenance", "verify", "--message-format", "js"], "json"),
        ] {
            assert_eq!(offered(words), expected, "{words:?}");
        }
    }

    #[test]
    fn every_shell_gets_every_command() {
        for shell in Dialect::value_variants() {
            let script = Args { shell: *shell }.script();
            assert_eq!(
                crate::render::sanitize::block(&script),
                script,
                "{shell}: would not be printed as it is"
            );
            for command in ["init", "add", "pin", "verify", "diff", "completions"] {
                assert!(script.contains(command), "{shell}: {command}");
            }
        }
    }
}
