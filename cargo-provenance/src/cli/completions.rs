//! `cargo provenance completions`

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell as Dialect;

use super::Cli;
use crate::report::Report;

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
        clap_complete::generate(self.shell, &mut Cli::command(), "cargo-provenance", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

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
