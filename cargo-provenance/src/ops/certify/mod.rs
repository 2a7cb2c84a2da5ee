//! `certify`: records in `supply-chain/audits.toml` that somebody reviewed a version, or what changed from one to another.
//!
//! The three files are written as cargo-vet writes them, so that `cargo vet --locked` agrees; the version of cargo-vet that
//! they are of stays what it was.

pub mod binding;

use std::path::Path;

use provenance_build::{PackageName, Version};

use crate::audit::{
    Audit, AuditKind, Config, Criteria, KNOWN_VERSION, Requirement, SAFE_TO_DEPLOY, Set, Store, VetVersion,
};
use crate::collect::situation::resolved;
use crate::collect::{audits, gate, vet_store};
use crate::finding::{Finding, Weight};
use crate::git;
use crate::keys::Passphrase;
use crate::model::{Surroundings, is_harmful};
use crate::ops::diff;
use crate::ops::interruption::settled;
use crate::report::dialog::{Dialog, Question};
use crate::report::failure::{Failure, Kind};
use crate::report::files::Shown;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report};
use crate::store::{Folders, Transaction};

/// Bytes of notes: more than anybody writes about one version.
const NOTES_BYTES: usize = 64 * 1024;

/// Bytes of a name with an address.
const WHO_BYTES: usize = 400;

/// What `certify` is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The crate.
    pub name: PackageName,
    /// What was looked at.
    pub what: Reviewed,
    /// What it meets, or does not; the store's own default where there is none.
    pub criteria: Vec<String>,
    /// Who looked; whoever git commits as where there is nobody.
    pub who: Vec<String>,
    /// What else there is to say.
    pub notes: Option<String>,
    /// What of its bytes is recorded.
    pub binding: binding::Options,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// All of a version.
    Full(Version),
    /// What changed from one version to another.
    Delta(Version, Version),
    /// Versions that must not be used.
    Violation(String),
}

/// Runs the use case. `show` shows the person at the terminal what is to be certified, before anything is asked.
///
/// # Errors
///
/// A store that cannot be read, criteria that nothing defines, nobody's name.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
    show: &dyn Fn(&Report) -> std::io::Result<()>,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let root = gate::root(surroundings)?;
    if let Some(dialog) = dialog
        && !is_confirmed(surroundings, options, progress, dialog, show)?
    {
        let mut report = Report::new("certify");
        report.outcome = Outcome::Refused;
        report.conclusion = "nothing was recorded".to_owned();
        return Ok(report);
    }
    settled(Report::new("certify"), &root, surroundings, |report, _| {
        record(report, &root, surroundings, options, passphrase, progress)
    })
}

fn record(
    report: &mut Report,
    root: &Path,
    surroundings: &Surroundings,
    options: &Options,
    passphrase: Passphrase<'_>,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let damaged = |why: String| {
        Failure::new(Kind::Usage, why).help("correct the file, or restore it from version control")
    };
    let folder = &vet_store::folder(root).map_err(damaged)?;
    let found = audits::files(root, folder).map_err(damaged)?;
    let mut store = audits::store(root).map_err(damaged)?.unwrap_or_else(|| Store {
        folder: folder.into(),
        config: Config { version: Some(KNOWN_VERSION), ..Config::default() },
        ..Store::default()
    });
    let audit = audit(&store, surroundings, options)?;
    let same = |known: &Audit| Audit { line: 0, ..known.clone() } == audit;
    let reviews = [(&options.name, &audit)];
    let bound = binding::bind(surroundings, &options.binding, passphrase, &reviews, report, progress)?;
    let entries = store.audits.audits.entry(options.name.to_string()).or_default();
    let what = what(options);
    let is_known = entries.iter().any(same);
    if is_known && bound.is_none() {
        report.conclusion = format!("{what} is certified so already; nothing was changed");
        return Ok(());
    }
    report.step("Certifying", format!("{what}: {} by {}", audit.criteria.join(", "), audit.who.join(", ")));
    if !is_known {
        entries.push(audit);
    }
    let texts = [store.config_text(), store.audits_text(), store.imports_text()];
    // What is written is what will be read, whatever stands in the notes.
    if let Err(error) = Set::read(texts[1].as_bytes(), &Path::new(folder).join("audits.toml")) {
        return Err(damaged(error.to_string()));
    }
    let mut folders = Folders::default();
    let mut transaction = Transaction::new(root);
    for ((name, old), new) in found.into_iter().zip(texts) {
        let file = root.join(folder).join(name);
        // A file that is not as cargo-vet writes it stays so, but for the one that is written anyway.
        let new = match &old {
            Some(old) if name != "audits.toml" => old.clone(),
            _ => new.into_bytes(),
        };
        folders.make_for(&file)?;
        transaction.replace(&file, old, new);
    }
    if let Some(binding::Change { file, old, new }) = bound {
        transaction.replace(&file, old, new);
    }
    transaction.commit()?;
    report.conclusion = format!("recorded in `{folder}/`: commit it");
    Ok(())
}

fn audit(store: &Store, surroundings: &Surroundings, options: &Options) -> Result<Audit, Failure> {
    let usage = |what: String, help: &str| Failure::new(Kind::Usage, what).help(help.to_owned());
    let known = Criteria::of(&store.audits.criteria);
    let known = known.map_err(|error| usage(error.to_string(), "correct `[criteria]` in `audits.toml`"))?;
    let default = || vec![store.config.default_criteria.clone().unwrap_or_else(|| SAFE_TO_DEPLOY.to_owned())];
    let criteria = if options.criteria.is_empty() { default() } else { options.criteria.clone() };
    if let Err(unknown) = known.set(&criteria) {
        let file = store.folder.join("audits.toml");
        let help = format!("name `safe-to-run`, `safe-to-deploy`, or a criterion of `{}`", file.display());
        return Err(usage(format!("`{unknown}` is no criterion of the store"), &help));
    }
    let who = match options.who.is_empty() {
        false => options.who.clone(),
        true => git::email(&surroundings.directory).into_iter().collect(),
    };
    let is_somebody =
        |who: &String| !who.trim().is_empty() && who.len() <= WHO_BYTES && !who.chars().any(is_harmful);
    if who.is_empty() || !who.iter().all(is_somebody) {
        let help = "say who reviewed it with `--who 'NAME <ADDRESS>'`, or set `user.email` of git";
        return Err(usage("nobody is named who reviewed it".to_owned(), help));
    }
    let notes = options.notes.as_deref().map(str::trim).filter(|notes| !notes.is_empty());
    let is_text = |notes: &str| notes.chars().all(|c| matches!(c, '\n' | '\t') || !is_harmful(c));
    if notes.is_some_and(|notes| notes.len() > NOTES_BYTES || !is_text(notes)) {
        return Err(usage(
            "the notes are too long, or hold characters that cannot be seen".to_owned(),
            "keep them to plain text",
        ));
    }
    let number = |version: &Version| {
        VetVersion::parse(version.as_str()).ok_or_else(|| {
            usage(format!("`{version}` is not a version"), "write a full version such as `1.2.3`")
        })
    };
    let kind = match &options.what {
        Reviewed::Full(version) => AuditKind::Full(number(version)?),
        Reviewed::Delta(from, to) if from == to => {
            return Err(usage(format!("`{from}` and `{to}` are the same version"), "name two versions"));
        }
        Reviewed::Delta(from, to) => AuditKind::Delta { from: number(from)?, to: number(to)? },
        Reviewed::Violation(versions) => {
            let help = "write a requirement as cargo does, such as `<1.2.3`";
            let versions = Requirement::parse(versions)
                .ok_or_else(|| usage(format!("`{versions}` is no version requirement"), help))?;
            AuditKind::Violation(versions)
        }
    };
    let notes = notes.map(str::to_owned);
    Ok(Audit { who, criteria, kind, importable: true, notes, aggregated_from: vec![], line: 0 })
}

/// Shows the person what is to be certified, and asks.
fn is_confirmed(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
    dialog: &dyn Dialog,
    show: &dyn Fn(&Report) -> std::io::Result<()>,
) -> Result<bool, Failure> {
    if let Reviewed::Delta(from, to) = &options.what {
        let subject = diff::Subject::Published {
            name: options.name.clone(),
            from: from.clone(),
            to: Some(to.clone()),
            registry: None,
        };
        let view = diff::View { shown: Shown::Patch, ..diff::View::default() };
        let compared = diff::run(surroundings, &diff::Options { subject, view }, progress)?;
        show(&compared).map_err(|error| {
            Failure::new(Kind::Undecided, "the differences could not be shown").caused_by(&error)
        })?;
        if compared.outcome != Outcome::Fine {
            return Ok(false);
        }
    }
    let finding = Finding::new("certify", Weight::Note, format!("to be recorded: {}", what(options)));
    let prompt = "Did you review it, and is it so? [y/N] ";
    let answer = dialog.ask(&Question { finding: &finding, shown: "", prompt });
    Ok(answer.is_some_and(|answer| matches!(answer.trim(), "y" | "Y" | "yes")))
}

fn what(options: &Options) -> String {
    let name = &options.name;
    match &options.what {
        Reviewed::Full(version) => format!("{name} {version}"),
        Reviewed::Delta(from, to) => format!("{name} {from} -> {to}"),
        Reviewed::Violation(versions) => format!("violation of {name} {versions}"),
    }
}
