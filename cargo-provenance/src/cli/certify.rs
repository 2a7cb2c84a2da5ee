//! `cargo provenance certify`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use provenance_build::PackageName;

use super::Context;
use crate::audit::VetVersion;
use crate::model::Date;
use crate::ops::certify::{
    self, BATCH_BYTES, Batch, Bytes, List, Options, Person, Reviewed, Said, Task, Term, binding,
};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::shell;

/// Record that somebody reviewed a version, or what changed between two
///
/// With one version, all of it; with two, what changed from the first to the second; with none, the cheapest review that is
/// missing of the crate. Of what comes from git, a version is `1.2.3@git:COMMIT`. Writes `supply-chain/` as cargo-vet does, and
/// makes the folder where there is none. On a terminal, the files are shown first, one by one, risky ones before others, and what
/// the flags do not say is asked; elsewhere, the flags say it all.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Crate that was reviewed
    #[arg(value_name = "CRATE", value_parser = name, required_unless_present_any = ["batch", "renew"])]
    name: Option<PackageName>,

    /// Version that was reviewed, or from which on changes were
    #[arg(value_name = "VERSION", value_parser = reviewed)]
    from: Option<VetVersion>,

    /// Version up to which changes were reviewed
    #[arg(value_parser = reviewed)]
    to: Option<VetVersion>,

    /// What it meets [default: the store's own, else safe-to-deploy]
    #[arg(long, value_name = "NAME")]
    criteria: Vec<String>,

    /// Who reviewed it [default: whoever git commits as]
    #[arg(long, value_name = "NAME <ADDRESS>")]
    who: Vec<String>,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,

    /// Record instead that these versions must not be used
    #[arg(long, value_name = "VERSIONS", conflicts_with_all = ["from", "to"])]
    violation: Option<String>,

    /// Let VERSION through without a review
    #[arg(long, requires = "from", conflicts_with_all = ["to", "violation", "who"])]
    exempt: bool,

    /// Certify all that an account of crates.io (number, or known login) or a repository publishes
    #[arg(long, value_name = "ID|LOGIN|github:ORG/REPO", conflicts_with_all = ["from", "violation"])]
    wildcard: Option<String>,

    /// Trust instead what such an account or repository publishes, reviewed or not
    #[arg(long, value_name = "ID|LOGIN|github:ORG/REPO", conflicts_with_all = ["from", "violation", "wildcard", "who"])]
    trusted: Option<String>,

    /// First day of publication that counts [default: that of the first one that is known]
    #[arg(long, visible_alias = "start", value_name = "YYYY-MM-DD", value_parser = date)]
    start_date: Option<Date>,

    /// First day that does not count any more [default: in 12 months, which is the latest]
    #[arg(long, visible_alias = "end", value_name = "YYYY-MM-DD", value_parser = date)]
    end_date: Option<Date>,

    /// Let the wildcard entries for a crate, or for all, end in 12 months
    #[arg(long, value_name = "CRATE|all", conflicts_with_all = ["name", "batch", "criteria", "who", "notes"])]
    renew: Option<String>,

    /// Record the reviews that a file lists, or standard input (`-`), all of them or none
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name"])]
    batch: Option<PathBuf>,

    /// Do not record which bytes were reviewed
    ///
    /// The review is then of whatever comes under that name and version. For what cannot be had any more.
    #[arg(long, conflicts_with = "key")]
    unbound: bool,

    /// Sign it with the key of a file, or of an ssh-agent that holds the one of a public key [default: as `sign` finds one; unsigned
    /// where there is none]
    #[arg(short, long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Do not ask, on a terminal either
    #[arg(long, short)]
    yes: bool,

    /// Do not show files page by page
    #[arg(long)]
    pub(super) no_pager: bool,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let dialog = context.dialog.filter(|_| !self.yes);
        let person = dialog.map(|dialog| Person { dialog, show: context.show });
        let binding = binding::Options { unbound: self.unbound, key: context.absolute(self.key.as_deref())? };
        let surroundings = context.surroundings()?;
        let file = self.passphrase_file.clone();
        let task = self.task(context)?;
        context.with_passphrase(file.as_deref(), |passphrase| {
            let bytes = Bytes { binding: &binding, passphrase };
            certify::run(&surroundings, &task, bytes, context.progress, person)
        })
    }

    fn task(self, context: &Context<'_>) -> Result<Task, Failure> {
        let is_of_a_publisher = self.wildcard.is_some() || self.trusted.is_some();
        if !is_of_a_publisher && (self.start_date.is_some() || self.end_date.is_some()) {
            let what = "only what somebody publishes begins and ends";
            return Err(
                Failure::new(Kind::Usage, what).help("name a publisher with `--wildcard` or `--trusted`")
            );
        }
        let said = Said { criteria: self.criteria, who: self.who, notes: self.notes };
        if let Some(file) = &self.batch {
            let from = match file.to_str() {
                Some("-") => List::Input(shell::input(BATCH_BYTES).map_err(|error| {
                    Failure::new(Kind::Usage, "standard input cannot be read").caused_by(&error)
                })?),
                _ => List::File(context.environment.absolute(file)?),
            };
            return Ok(Task::Batch(Batch { from, said }));
        }
        if let Some(named) = &self.renew {
            let name = match named.as_str() {
                "all" => None,
                named => Some(name(named).map_err(|why| Failure::new(Kind::Usage, why))?),
            };
            return Ok(Task::Renew(name));
        }
        let Some(name) = self.name else { return Err(Failure::new(Kind::Usage, "no crate is named")) };
        let term = |publisher| Term { publisher, start: self.start_date, end: self.end_date };
        let what = match (self.violation, self.wildcard, self.trusted, self.from, self.to) {
            (Some(versions), ..) => Reviewed::Violation(versions),
            (_, Some(publisher), ..) => Reviewed::Wildcard(term(publisher)),
            (_, _, Some(publisher), ..) => Reviewed::Trusted(term(publisher)),
            (.., Some(version), None) if self.exempt => Reviewed::Exemption(version),
            (.., Some(from), Some(to)) => Reviewed::Delta(from, to),
            (.., Some(version), None) => Reviewed::Full(version),
            // Nobody would see what is certified.
            (.., None, _) if context.dialog.is_none() && !self.yes => {
                let what = "no version is named, and nobody is there to be asked";
                let help = format!(
                    "`cargo provenance suggest --for {name}` names the reviews; `--yes` takes the cheapest"
                );
                return Err(Failure::new(Kind::Usage, what).help(help));
            }
            (.., None, _) => return Ok(Task::Cheapest(name, said)),
        };
        Ok(Task::One(Options { name, what, said }))
    }
}

fn name(text: &str) -> Result<PackageName, String> {
    PackageName::parse(text).ok_or_else(|| format!("`{text}` is not a package name"))
}

fn reviewed(text: &str) -> Result<VetVersion, String> {
    // A lockfile writes commits in small letters.
    let commit = |git: String| git.to_ascii_lowercase();
    VetVersion::parse(text)
        .map(|version| VetVersion { git: version.git.map(commit), ..version })
        .ok_or_else(|| format!("`{text}` is not a full version such as `1.2.3` or `1.2.3@git:COMMIT`"))
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| format!("`{text}` is not a day such as `2026-11-25`"))
}
