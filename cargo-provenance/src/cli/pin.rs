//! `cargo provenance pin`

use clap::Args as ClapArgs;
use provenance_build::PackageName;

use super::Context;
use crate::ops::pin;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::vet::waiver::{Accept, PLACEHOLDER};

/// Vet what changed and write the pins of what passes
///
/// The one command that brings `Provenance.lock` in line with `Cargo.lock`: after a merge, a bot's commit, `cargo update`, or
/// an edit of a `Cargo.toml` that cargo has followed in `Cargo.lock` (`cargo fetch` does). Conflict markers in
/// `Provenance.lock` are resolved. Pins of bytes that did not change stay as they are, so a pin that somebody edited is not
/// mended here: `cargo provenance verify --full` finds it.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Declare a member the team's own, although it bears a known name or is reached by a patch
    ///
    /// Packages outside the workspace are declared by their directories, in `own` of `Provenance.toml`.
    #[arg(long, value_name = "NAME=REASON", value_parser = own)]
    own: Vec<pin::Own>,

    /// Accept a finding that is up for review, for these bytes
    ///
    /// The findings print the exact flag. The acceptance is written into the pin, with your name and the date, and ends with
    /// the bytes.
    #[arg(long, value_name = "[PACKAGE:]CHECK=REASON", value_parser = Accept::parse)]
    accept: Vec<Accept>,

    /// Judge what is pinned already again, by the checks and advisories of today
    #[arg(long)]
    recheck: bool,

    /// Refuse where more than packages changed: the policy, a member, a recorded cargo setting
    ///
    /// For pipelines that pin what bots bring in. A person looks at everything else.
    #[arg(long)]
    only_packages: bool,

    /// Show how the manifest would change, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options = pin::Options {
            own: self.own,
            accept: self.accept,
            recheck: self.recheck,
            only_packages: self.only_packages,
            dry_run: self.dry_run,
            locked: context.global.is_locked(),
        };
        pin::run(&context.surroundings()?, &options, context.progress, context.dialog)
    }
}

fn own(text: &str) -> Result<pin::Own, String> {
    let (name, reason) = text.split_once('=').ok_or("expected `NAME=REASON`")?;
    let name = PackageName::parse(name).ok_or_else(|| format!("`{name}` is not a package name"))?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err("a reason is needed: it is what a reviewer reads".into());
    }
    if reason == PLACEHOLDER {
        return Err(format!("put your own reason in the place of `{PLACEHOLDER}`"));
    }
    Ok(pin::Own { name, reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn own_needs_a_name_and_a_reason() {
        assert_eq!(own("serde=our fork=yes").expect("valid").reason, "our fork=yes");
        for bad in ["serde", "serde=", "serde= ", "serde=REASON", "../x=why", "=why"] {
            assert!(own(bad).is_err(), "{bad}");
        }
    }
}
