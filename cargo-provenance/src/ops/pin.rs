//! `pin`: vets what changed and writes the manifest.

use std::collections::BTreeSet;
use std::path::Path;

use provenance_build::{Manifest, PackageName, manifest, toml};

use super::asking::{self, Exhibit, Pending};
use super::exceptions;
use super::folding;
use super::init::tell_exceptions;
use super::interruption::settled_workspace;
use super::pinning::{self, Draft, Material, Rigor, draft, split};
use super::signing::{self, Replacing, Resigned};
use super::vetting::{self, Vetted, Vetting};
use crate::advisory;
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::cooldown;
use crate::collect::gate;
use crate::collect::indices::{self, When};
use crate::collect::situation::{Situation, resolved};
use crate::finding::{Finding, Weight};
use crate::merge;
use crate::model::{Evidence, Lines, Surroundings};
use crate::policy;
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::store::Transaction;
use crate::vet::not_judged;
use crate::vet::waiver::{self, Accept};

pub use pinning::Error;

/// What `pin` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Packages that are the team's own although they look like others'.
    pub own: Vec<Own>,
    /// What a person accepts.
    pub accept: Vec<Accept>,
    /// Whether to judge what is pinned already again, by the checks and advisories of today.
    pub recheck: bool,
    /// Whether nothing but packages may have changed.
    pub only_packages: bool,
    /// Whether to show the changes of the manifest instead of writing them.
    pub dry_run: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// A package that somebody declared the team's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The package.
    pub name: PackageName,
    /// Why; never empty.
    pub reason: String,
}

/// Runs the use case.
///
/// # Errors
///
/// Those of the lock, of what an interrupted command left, and [`Error`].
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
    dialog: Option<&dyn Dialog>,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let cargo = CargoCommand::new(surroundings);
    settled_workspace(Report::new("pin"), surroundings, &cargo, |report, workspace, _| {
        pin(report, surroundings, options, workspace, (progress, dialog.filter(|_| !options.dry_run)))
    })
}

fn pin(
    report: &mut Report,
    surroundings: &Surroundings,
    options: &Options,
    workspace: Workspace,
    (progress, dialog): (&dyn Progress, Option<&dyn Dialog>),
) -> Result<(), Error> {
    let root = workspace.root.clone();
    let policy_file = root.join(policy::FILE_NAME);
    let mut policy_text = read_text(&policy_file)?;
    let policy = gate::parse_policy(&policy_text, &root)?;
    let file = root.join(manifest::FILE_NAME);
    let old_text = read_text(&file)?;
    let old = match Manifest::parse(old_text.as_bytes(), &file) {
        Ok(old) => old,
        Err(_) => heal(report, &old_text, &file)?,
    };
    let situation = Situation::read(surroundings, workspace)?;
    let mut split = split(&situation, &policy, Some(&old), &options.own)?;
    if options.recheck {
        split.entering.extend(split.kept.drain(..).map(|(index, _)| index));
        split.entering.sort_unstable();
    }
    // What enters may have been yanked since cargo last asked.
    let entering =
        split.entering.iter().map(|index| &situation.lockfile.packages[*index]).collect::<Vec<_>>();
    let notes = indices::freshen(&situation, &entering, When::Always, surroundings.network, progress)?;
    report.not_checked.extend(notes);
    let is_listed = |name: &PackageName| old.members.iter().any(|member| member.name == *name);
    let members = situation.workspace.members.iter().map(|member| &member.name);
    let new = members.filter(|name| !is_listed(name)).collect::<Vec<_>>();
    report.not_checked.extend(pinning::ask_about(&situation, &new, surroundings.network, progress)?);
    // `--recheck` is the way out where the databases are older for a good reason: it compares every pin with them anew.
    let known = if options.recheck { &[][..] } else { &old.packages };
    // Where nothing enters, nothing is compared with advisories, and none need be at hand.
    let databases = match split.entering.is_empty() {
        true => Evidence::Absent,
        false => vetting::databases(surroundings, &policy, &root, known, report, progress),
    };
    let reviews = vetting::reviews(&policy, &root, surroundings.clock, report);
    let index_of = |name: &str| situation.index_of(name);
    let vetting = Vetting::new(&policy, databases.as_ref().map(Vec::as_slice), &index_of, surroundings.clock);
    let members = situation.workspace.members.iter().map(|member| &member.name);
    let vetting = vetting
        .among(members, old.packages.iter().map(|pin| &pin.name))
        .cooling(cooldown::read(&situation.configuration, &root)?)
        .reviewed(reviews.as_ref())
        .anew(options.recheck);
    let (mut examined, entrants) =
        vetting.enter(&situation, Some(&old), surroundings.network, &split.entering, progress)?;
    report.not_checked.extend(entrants.uncompared.iter().cloned());
    let mut exceptions = vetting.exceptions();
    let mut late = vec![];
    let mut vetted = examined
        .iter_mut()
        .zip(&entering)
        .map(|(examined, package)| {
            let judgment = std::mem::take(&mut examined.judgment);
            let pin = vetting::covering(&old, package, &examined.proven);
            let mut vetted = vetting.settle(judgment, pin, &mut exceptions);
            // What `init` let in unseen, because no advisories were at hand, is looked at as `init` would have.
            if options.recheck && databases.known().is_some() && pin.is_some_and(vetting::is_unjudged) {
                late.extend(vetting.baseline(&mut vetted));
            }
            vetted
        })
        .collect::<Vec<_>>();
    let policy_before = policy_text.clone();
    policy_text += &exceptions::text(&late, vetting.today());
    let policy = &gate::parse_policy(&policy_text, &root)?;
    tell_exceptions(report, &late);
    let unused = vetting.accept(&mut vetted, &options.accept, surroundings)?;
    let advisories = databases.known().and_then(advisory::newest);
    let rigor = if options.recheck { Rigor::Recheck } else { Rigor::Policy };
    let drafted = |vetted: &[Vetted]| {
        let (situation, old, split, examined) = (&situation, Some(&old), &split, examined.as_slice());
        let declared = options.own.as_slice();
        draft(Material { situation, policy, old, split, examined, vetted, advisories, declared, rigor })
    };
    let (mut of_policy, open) = vetting.kept(&situation, &split, &mut exceptions);
    of_policy.extend(exceptions.expired());
    let mut draft = drafted(&vetted)?;
    if let Some(dialog) = dialog.filter(|_| draft.open.is_empty()) {
        let exhibit = Exhibit { situation: &situation, network: surroundings.network, progress };
        let standing = asking::acceptable(draft.findings.iter().chain(&of_policy));
        let accepts = asked(dialog, &exhibit, &old, &standing);
        if !accepts.is_empty() {
            vetting.accept(&mut vetted, &accepts, surroundings)?;
            draft = drafted(&vetted)?;
        }
    }
    draft.findings.extend(of_policy);
    draft.open.extend(open);
    draft.findings.extend(unused.into_iter().map(vetting::unused));
    waiver::tell_ways(&mut draft.findings, vetting.today(), "");
    draft.findings.extend(not_judged(&draft.open));
    draft.findings.sort_by_key(|finding| finding.weight);

    tell(report, &draft);
    vetting.tell_audits(report);
    folding::fold(report);
    if !draft.may_be_written() {
        report.outcome = draft.outcome();
        let packages = plural(split.kept.len() + split.entering.len(), "package");
        report.conclusion = format!("to pin: {} in {packages}", report.tally());
        return Ok(());
    }
    let text = draft.manifest.to_text();
    if text == old_text {
        report.conclusion = format!("{} up to date", plural(draft.kept, "pin"));
        return Ok(());
    }
    let changed = changes(&old, &draft);
    let beyond = if options.only_packages { beyond_packages(&old, &draft.manifest) } else { vec![] };
    if !beyond.is_empty() {
        report.findings.extend(beyond);
        report.outcome = Outcome::Refused;
        report.conclusion = format!("to pin: {}; nothing was written", report.tally());
        return Ok(());
    }
    if options.dry_run {
        report.output = Lines::compare(&policy_before, &policy_text).patch(policy::FILE_NAME);
        report.output += &Lines::compare(&old_text, &text).patch(manifest::FILE_NAME);
        report.conclusion = format!("nothing written; pins would change: {changed}");
        return Ok(());
    }
    let replacing = Replacing {
        root: &root,
        policy,
        old: old_text.as_bytes(),
        old_policy: Some(old.policy),
        new: text.as_bytes(),
        unseen: newly_configured(&old, &draft.manifest),
    };
    let resigned = signing::resign(surroundings, &replacing, report);
    let mut transaction = Transaction::new(&root);
    if let Some(Resigned { path, old, new }) = resigned {
        transaction.replace(&path, old, new);
    }
    transaction.replace(&file, Some(old_text.into_bytes()), text.into_bytes());
    // What was judged must still be so when the pins are put in place.
    let lockfile = situation.lockfile_text.into_bytes();
    transaction.replace(&situation.lockfile_path, Some(lockfile.clone()), lockfile);
    transaction.replace(&policy_file, Some(policy_before.into_bytes()), policy_text.into_bytes());
    entrants.settle(|_| true, progress)?;
    transaction.commit()?;
    report.conclusion = format!("pins written: {changed}");
    Ok(())
}

/// What a person accepts of what stands in the way.
fn asked(dialog: &dyn Dialog, exhibit: &Exhibit<'_>, old: &Manifest, standing: &[&Finding]) -> Vec<Accept> {
    let lockfile = &exhibit.situation.lockfile;
    let pending = standing.iter().map(|finding| {
        let package = lockfile.packages.iter().find(|it| Some(&it.id) == finding.package.as_ref())?;
        Some(Pending { finding, package, before: asking::before(old, lockfile, package) })
    });
    let pending = pending.collect::<Option<Vec<_>>>().unwrap_or_default();
    asking::ask(dialog, &pending, &|pending| exhibit.show(pending)).unwrap_or_default()
}

/// Which cargo settings a manifest records that the one before did not. Any of them may run code, and `pin` takes them as they
/// are: that a person saw them is what a signature would say.
fn newly_configured(old: &Manifest, new: &Manifest) -> Option<String> {
    let is_new = |(key, value): &(&String, &String)| old.cargo_config.get(*key) != Some(*value);
    let new = new.cargo_config.iter().filter(is_new).map(|(key, value)| format!("`{key} = {value}`"));
    let new = new.collect::<Vec<_>>();
    (!new.is_empty()).then(|| format!("it records a cargo setting that is new: {}", new.join(", ")))
}

/// What differs between two manifests besides packages.
fn beyond_packages(old: &Manifest, new: &Manifest) -> Vec<Finding> {
    let mut all = vec![];
    let keys = old.cargo_config.keys().chain(new.cargo_config.keys()).collect::<BTreeSet<_>>();
    let changed = keys.into_iter().filter(|key| old.cargo_config.get(*key) != new.cargo_config.get(*key));
    all.extend(changed.map(|key| format!("the recorded cargo setting `{key}` changed")));
    let names = old.members.iter().chain(&new.members).map(|member| &member.name).collect::<BTreeSet<_>>();
    let of = |manifest: &Manifest, name: &PackageName| {
        manifest.members.iter().find(|member| member.name == *name).cloned()
    };
    let changed = names.into_iter().filter(|name| of(old, name) != of(new, name));
    all.extend(changed.map(|name| format!("the member `{name}` changed")));
    all.extend((old.policy != new.policy).then(|| format!("`{}` changed", policy::FILE_NAME)));
    let help = "look at it, then run `cargo provenance pin` without `--only-packages`";
    let findings =
        all.into_iter().map(|what| Finding::new("beyond-packages", Weight::Denial, what).help(help));
    findings.collect()
}

/// What is different in a draft, in numbers: pins, and whatever else changed beside them.
fn changes(old: &Manifest, draft: &Draft) -> String {
    let new = &draft.manifest;
    let settings = old.cargo_config.iter().filter(|(key, value)| new.cargo_config.get(*key) != Some(value));
    let entered = new.cargo_config.keys().filter(|key| !old.cargo_config.contains_key(*key));
    let gone = old.cargo_config.keys().filter(|key| !new.cargo_config.contains_key(*key));
    let settings = settings.count() + entered.count();
    let was = |name: &PackageName| old.members.iter().find(|member| member.name == *name);
    let members = new.members.iter().filter(|member| was(&member.name).is_some_and(|was| was != *member));
    let removed = draft.removed.len() - gone.count();
    let mut changes =
        format!("{} added, {removed} removed, {} kept", draft.added.len() + draft.joined.len(), draft.kept);
    for (number, noun) in [(settings, "cargo setting"), (members.count(), "member")] {
        if number > 0 {
            changes += &format!(", {} changed", plural(number, noun));
        }
    }
    if old.policy != new.policy {
        changes += ", written under the changed policy";
    }
    changes
}

fn read_text(file: &Path) -> Result<String, Error> {
    if !file.exists() {
        return Err(missing(file, file.parent().unwrap_or(file)));
    }
    Ok(toml::read(file)?)
}

/// Unites what a merge of git left of the manifest, and says what was lost.
fn heal(report: &mut Report, text: &str, file: &Path) -> Result<Manifest, Error> {
    let merge::Healed { manifest, dropped } = merge::heal(text, file)?;
    report.step("Healing", format!("`{}`, which git merged line by line", manifest::FILE_NAME));
    for lost in dropped {
        report.step("Dropping", lost);
    }
    Ok(manifest)
}

fn missing(file: &Path, root: &Path) -> Error {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Error::Misplaced {
        what: format!("there is no `{name}` in `{}`", root.display()),
        help: "run `cargo provenance init`, or restore the file from version control".to_owned(),
    }
}

fn tell(report: &mut Report, draft: &Draft) {
    if draft.may_be_written() {
        for id in &draft.added {
            report.step("Pinning", id.to_string());
        }
        for member in &draft.joined {
            report.step("Listing", format!("member {member}"));
        }
        for gone in &draft.removed {
            report.step("Removing", gone);
        }
        let added = draft.added.iter().collect::<BTreeSet<_>>();
        for pin in draft.manifest.packages.iter().filter(|pin| !added.contains(&pin.id())) {
            report.detail("Keeping", pin.id().to_string());
        }
    }
    report.count("packages", draft.manifest.packages.len());
    report.count("members", draft.manifest.members.len());
    report.count("added", draft.added.len());
    report.count("removed", draft.removed.len());
    report.count("kept", draft.kept);
    report.findings.extend(draft.findings.iter().cloned());
}
