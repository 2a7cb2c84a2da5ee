//! `init`: puts a workspace behind the gate.

mod ci;
mod found;
mod later;
mod plan;
mod supply;
mod takeover;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::manifest::{self, Basis, Trust};
use provenance_build::{PackageId, toml};

use self::ci::Pipelines;
use self::found::{found, tell_found};
use self::plan::Plan;
use self::supply::Supply;
use self::takeover::Takeover;
use super::exceptions;
use super::folding;
use super::gating::{self, Gating, gated_already};
use super::guarding::{Guard, Guarding};
use super::interruption::settled_workspace;
use super::pinning::{self, Material, Rigor, draft, split};
use super::signing;
use super::vetting::{self, Examined, Vetted, Vetting};
use crate::advisory;
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::cooldown;
use crate::collect::entrants::{Homes, Proven};
use crate::collect::gate;
use crate::collect::indices::{self, When};
use crate::collect::records::Record;
use crate::collect::situation::{self, Situation, relative, resolved};
use crate::finding::{Finding, Weight};
use crate::helper::Forge;
use crate::model::Surroundings;
use crate::policy::{self, Policy, Template, write_template};
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::store::{Folders, Recovery, Transaction};
use crate::vet::engine::{AGAIN, NOT_JUDGED};
use crate::vet::{Open, not_judged, waiver};

pub use pinning::Error;

/// What `init` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the build helper goes, if anywhere.
    pub helper: Option<Helper>,
    /// The guard to call before rustc, if any. It can be added to a workspace that is behind the gate.
    pub guard: Option<Guard>,
    /// Whose pipelines to write, if any. They can be added to a workspace that is behind the gate.
    pub ci: Option<Forge>,
    /// Whether to take over what cargo-vet keeps in its store.
    pub from_store: bool,
    /// Whether `Cargo.lock` must stay as it is.
    pub locked: bool,
}

/// The build helper to set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// Which packages call it.
    pub placement: Placement,
    /// Whether binaries are to say what they are built from.
    pub embed: bool,
    /// Where to take `provenance-build` from, absolute; `None` for the registry.
    pub path: Option<PathBuf>,
}

/// Which packages call the build helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Each package that makes a binary.
    Binaries,
    /// One small leaf package that all members depend on.
    Guard,
}

/// The line of `.gitattributes` that keeps line endings from breaking a digest.
const ATTRIBUTE: &str = "Provenance.* -text";

/// Runs the use case.
///
/// # Errors
///
/// Those of the lock, of what an interrupted command left, and [`Error`].
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let cargo = CargoCommand::new(surroundings);
    settled_workspace(Report::new("init"), surroundings, &cargo, |report, workspace, recovery| {
        if began_before(recovery) {
            tell_finished(report, &workspace, options);
            return Ok(());
        }
        let is_gated = workspace.root.join(manifest::FILE_NAME).exists();
        match (&options.helper, options.guard, options.ci) {
            _ if is_gated && options.from_store => {
                Ok(init(report, surroundings, options, &cargo, workspace, progress)?)
            }
            (Some(helper), None, None) if is_gated => {
                later::add_helper(report, surroundings, (options, helper), &cargo, workspace, progress)
            }
            (None, Some(guard), None) if is_gated => {
                Ok(later::add_guard(report, surroundings, &workspace, guard)?)
            }
            (None, None, Some(forge)) if is_gated => Ok(ci::add(report, &workspace.root, forge)?),
            (helper, guard, forge)
                if is_gated && (helper.is_some() || guard.is_some() || forge.is_some()) =>
            {
                Err(later::one_at_a_time().into())
            }
            _ => Ok(init(report, surroundings, options, &cargo, workspace, progress)?),
        }
    })
}

/// Whether the interrupted command that was brought to its end is an `init`: only that creates a manifest.
fn began_before(recovery: &Recovery) -> bool {
    let is_manifest = |file: &PathBuf| file.file_name() == Some(manifest::FILE_NAME.as_ref());
    matches!(recovery, Recovery::Finished { created, .. } if created.iter().any(is_manifest))
}

fn tell_finished(report: &mut Report, workspace: &Workspace, options: &Options) {
    if options.helper.is_some() && gated_already(workspace).is_empty() {
        let message = "the interrupted `init` put no check into the build";
        let help = "to have it, run this command again";
        report.findings.push(Finding::new("member-without-gate", Weight::Note, message).help(help));
    }
    report.conclusion =
        "an interrupted `init` was brought to its end; review and commit what was put in place".to_owned();
}

fn init(
    report: &mut Report,
    surroundings: &Surroundings,
    options: &Options,
    cargo: &CargoCommand,
    workspace: Workspace,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let root = workspace.root.clone();
    let lock_file = root.join(manifest::FILE_NAME);
    if lock_file.exists() {
        return Err(Error::Misplaced {
            what: format!("`{}` exists: this workspace is behind the gate already", lock_file.display()),
            help: "run `cargo provenance pin` to bring it up to date, or `cargo provenance init --build-helper` to put the \
                   check into the build"
                .to_owned(),
        });
    }

    let mut gating = match &options.helper {
        Some(helper) => gating::plan(&workspace, helper)?,
        None => Gating::default(),
    };
    let guarding = options.guard.map(|guard| Guarding::plan(&root, guard)).transpose()?;
    if let Some(guarding) = &guarding {
        gating.texts.remove(&guarding.file);
    }
    let pipelines = options.ci.map(|forge| Pipelines::plan(&root, forge)).transpose()?;
    let written = read_optional(&root.join(policy::FILE_NAME))?;
    let mut takeover = Takeover::read(&root, written.is_some())?;
    let supply = options.from_store.then(|| Supply::read(&root, written.is_some())).transpose()?;
    let own = supply.iter().flat_map(|supply| supply.own(&workspace)).chain(gating.own.clone());
    let own = own.collect::<Vec<_>>();
    let preliminary = preliminary_policy(written.as_deref(), &own, &takeover, &root)?;
    let databases = vetting::databases(surroundings, &preliminary, &root, &[], report, progress);
    let known = || databases.as_ref().map(Vec::as_slice);
    let configuration = situation::configuration(surroundings, &workspace)?;
    let index_of = |name: &str| situation::index_of(&configuration, name);
    let members = workspace.members.iter().map(|member| member.name.clone()).collect::<Vec<_>>();
    let cooldown = cooldown::read(&configuration, &root)?;
    let plan = {
        let vetting = Vetting::new(&preliminary, known(), &index_of, surroundings.clock);
        let vetting = vetting.among(&members, []).cooling(cooldown.clone());
        Plan::make(surroundings, options, cargo, workspace, &gating, &vetting, progress)?
    };
    let situation = &plan.situation;
    let split = split(situation, &preliminary, None, &[])?;
    // Cargo only knows of the registries what it resolved anew, which may be nothing on this machine.
    let entering =
        split.entering.iter().map(|index| &situation.lockfile.packages[*index]).collect::<Vec<_>>();
    let notes = indices::freshen(situation, &entering, When::Daily, surroundings.network, progress)?;
    report.not_checked.extend(notes);
    // What the archives hold is judged while they are at hand. The policy follows from what they hold; of a policy that
    // was there before, every setting counts already.
    let used = || situation.lockfile.packages.iter().map(|package| &package.id.name);
    let vetting = Vetting::new(&preliminary, known(), &index_of, surroundings.clock)
        .among(&members, used())
        .cooling(cooldown.clone())
        .alone();
    let mut records = vetting.look_up(situation, None, &split.entering)?;
    let entrants = vetting.prove(
        situation,
        surroundings.network,
        &split.entering,
        &records,
        Homes::default(),
        progress,
    )?;
    let proven = &entrants.proven;

    let policy_file = root.join(policy::FILE_NAME);
    let mut policy_text = match &written {
        Some(written) => written.clone(),
        None => {
            let mut template = found(situation, &split, proven, &own);
            template.taken = takeover.taken.clone();
            template.audits = supply.as_ref().map(Supply::section).unwrap_or_default();
            let text = write_template(&template);
            let policy = gate::parse_policy(&text, &root)?;
            let license_of = |id: &PackageId| {
                let at = entering.iter().position(|package| package.id == *id)?;
                proven.get(at)?.as_ref().ok().map(|entrant| entrant.license.clone())
            };
            let databases = known().known().copied();
            text + &takeover.exceptions(&policy, &entering, &license_of, databases, vetting.today())
        }
    };
    let policy = gate::parse_policy(&policy_text, &root)?;
    let reviews = vetting::reviews(&policy, &root, surroundings.clock, report);
    let vetting = Vetting::new(&policy, known(), &index_of, surroundings.clock)
        .among(&members, used())
        .cooling(cooldown)
        .reviewed(reviews.as_ref());
    vetting.ask_of(&mut records, &vetting.demands(&situation.lockfile, &situation.workspace.members));
    let Baseline { examined, vetted, exceptions, open } = baseline(&vetting, records, proven, &plan.entering);
    policy_text += &exceptions::text(&exceptions, vetting.today());
    let policy = gate::parse_policy(&policy_text, &root)?;
    let mut draft = draft(Material {
        situation,
        policy: &policy,
        old: None,
        split: &split,
        examined: &examined,
        vetted: &vetted,
        advisories: databases.known().and_then(advisory::newest),
        declared: &[],
        rigor: Rigor::Baseline,
    })?;
    tell_open(report, &open, databases.unavailable().is_some());
    for pin in &mut draft.manifest.packages {
        // What came in with the helper has passed; nobody was asked about it only because nothing was found.
        if plan.entering.contains_key(&pin.id()) && !open.iter().any(|open| open.id == pin.id()) {
            pin.trust = Trust::on(Basis::Policy);
        }
    }
    tell_exceptions(report, &exceptions);
    plan.tell(report, surroundings.clock);
    takeover.tell(report);
    if supply.is_none() && reviews.known().is_some_and(|reviews| !reviews.asks()) {
        supply::tell_of_it(report);
    }
    if let Some(supply) = &supply {
        supply.tell(report, &situation.workspace, &situation.lockfile, &vetted);
    }
    tell_found(report, situation, &draft, proven);
    vetting.tell_audits(report);
    folding::fold(report);
    tell_gates(report, &situation.workspace, &gating, options);
    if let (Some(guarding), Some(guard)) = (&guarding, options.guard) {
        guarding.record(&mut draft.manifest, &situation.configuration.recorded);
        guarding.tell(&root, guard, report);
    }
    if !draft.may_be_written() {
        report.outcome = draft.outcome();
        let packages = plural(split.kept.len() + split.entering.len(), "package");
        report.conclusion = format!("to pin: {} in {packages}", report.tally());
        return Ok(());
    }

    signing::tell_unsigned(&policy, report);
    let mut files = BTreeMap::<PathBuf, (Option<String>, String)>::new();
    files.insert(lock_file, (None, draft.manifest.to_text()));
    files.insert(policy_file, (written, policy_text));
    if let Some((path, old, new)) = attributes(situation)? {
        files.insert(path, (old, new));
    }
    if let Some(new) = plan.lockfile {
        files.insert(situation.lockfile_path.clone(), (plan.old_lockfile, new));
    }
    for (path, text) in gating.texts {
        files.insert(path, (text.old, text.new));
    }
    if let Some(guarding) = guarding {
        files.insert(guarding.file, (guarding.old, guarding.new));
    }
    if let Some(pipelines) = pipelines {
        pipelines.tell(report);
        files.extend(pipelines.files.into_iter().map(|(path, text)| (path, (None, text))));
    }
    entrants.settle(|_| true, progress)?;
    write(&root, &files, Transaction::new(&root), report)?;
    let new = plan.entering.len();
    report.conclusion = format!(
        "{} pinned as they are{}, {} listed; review and commit what was written",
        plural(draft.manifest.packages.len() - new, "package"),
        if new > 0 { format!(" and {new} that came with the helper") } else { String::new() },
        plural(draft.manifest.members.len(), "member")
    );
    Ok(())
}

/// What vetting a graph that is there already comes to.
struct Baseline {
    examined: Vec<Examined>,
    vetted: Vec<Vetted>,
    /// What becomes an exception in the policy.
    exceptions: Vec<Finding>,
    /// What could not be looked up.
    open: Vec<Open>,
}

/// `entering` are packages that were not there, and for whom they enter: those must pass.
fn baseline(
    vetting: &Vetting<'_>,
    records: Vec<Record>,
    proven: &[Proven],
    entering: &BTreeMap<PackageId, String>,
) -> Baseline {
    let mut all = Baseline { examined: vec![], vetted: vec![], exceptions: vec![], open: vec![] };
    let mut exceptions = vetting.exceptions();
    for (record, proven) in records.into_iter().zip(proven) {
        let mut examined = vetting.examined(&record, proven.clone());
        let mut judgment = std::mem::take(&mut examined.judgment);
        // Their contents were judged before there was a list of licenses.
        if let Ok(entrant) = proven {
            vetting.judge_license_anew(&mut judgment, &record, &entrant.license);
        }
        let mut vetted = vetting.settle(judgment, None, &mut exceptions);
        match entering.get(&record.id) {
            Some(chain) => {
                let with_way = |finding: Finding| {
                    finding
                        .note(format!("it would enter for {chain}"))
                        .help("`init` without `--build-helper` brings in nothing new")
                };
                let findings = std::mem::take(&mut vetted.judgment.findings);
                vetted.judgment.findings = findings.into_iter().map(with_way).collect();
                let today = vetting.today();
                waiver::tell_ways(&mut vetted.judgment.findings, today, "");
            }
            None => all.exceptions.extend(vetting.baseline(&mut vetted)),
        }
        // What is not proven cannot be pinned; what is only not looked up is judged by the next `check`.
        if proven.is_ok() {
            all.open.append(&mut vetted.judgment.open);
        }
        all.vetted.push(vetted);
        all.examined.push(examined);
    }
    all
}

/// What could not be looked up does not keep a workspace from being put behind the gate; it is judged later.
fn tell_open(report: &mut Report, open: &[Open], without_advisories: bool) {
    for finding in not_judged(open) {
        // This command is not run twice.
        let instead = "run `cargo provenance check` with the network at hand, which judges it".to_owned();
        let help = finding.help.iter().map(|help| if help == AGAIN { instead.clone() } else { help.clone() });
        let help = help.collect();
        report.findings.push(Finding { weight: Weight::Note, package: None, help, ..finding });
    }
    if without_advisories && !open.is_empty() {
        let message = "nothing was compared with advisories";
        let help = "once the database is at hand, run `cargo provenance pin --recheck`: what it finds in these packages \
                    becomes an exception which ends, as it would have now";
        report.findings.push(Finding::new(NOT_JUDGED, Weight::Note, message).help(help));
    }
}

pub(super) fn tell_exceptions(report: &mut Report, exceptions: &[Finding]) {
    for finding in exceptions {
        let help = "it is an exception in `Provenance.toml` now, which ends: decide before then";
        report.findings.push(Finding { weight: Weight::Note, help: vec![], ..finding.clone() }.help(help));
    }
}

/// A policy that says no more than which path packages are the team's own, for telling them apart before there is one, and
/// has the defaults besides.
fn preliminary_policy(
    written: Option<&str>,
    own: &[String],
    takeover: &Takeover,
    root: &Path,
) -> Result<Policy, Error> {
    let own = own.to_vec();
    let text = match written {
        Some(text) => text.to_owned(),
        // What comes in with the build helper is judged by it, and comes from there.
        None => {
            let registries = vec![("crates-io".to_owned(), true)];
            let taken = takeover.taken.clone();
            write_template(&Template { own, registries, taken, ..Template::default() })
        }
    };
    Ok(gate::parse_policy(&text, root)?)
}

fn tell_gates(report: &mut Report, workspace: &Workspace, gating: &Gating, options: &Options) {
    let is_gated = options.guard.is_some() || !gated_already(workspace).is_empty();
    if options.helper.is_none() && is_gated {
        return;
    }
    if options.helper.is_none() {
        let message = "no member refuses drift in a plain `cargo build`";
        let help = "`cargo provenance verify` finds drift; `cargo provenance init --build-helper` puts the check into the build";
        report.findings.push(Finding::new("member-without-gate", Weight::Note, message).help(help));
        return;
    }
    for member in &gating.gated {
        report.step("Gating", format!("member {member}"));
    }
    let mut by_reason = BTreeMap::<_, Vec<_>>::new();
    for ungated in &gating.ungated {
        by_reason.entry((&ungated.why, &ungated.help)).or_default().push(format!("`{}`", ungated.member));
    }
    for ((why, help), members) in by_reason {
        let (noun, verb) = if members.len() == 1 { ("member", "has") } else { ("members", "have") };
        let message = format!("{noun} {} {verb} no gate: {why}", members.join(", "));
        let mut finding = Finding::new("member-without-gate", Weight::Note, message);
        finding.help.extend(help.clone());
        report.findings.push(finding);
    }
    if !gating.unembedded.is_empty() {
        let message =
            "binaries do not say yet what they are built from: their code is not edited without you";
        let mut finding = Finding::new("not-embedded", Weight::Note, message);
        finding.help.extend(gating.unembedded.iter().cloned());
        report.findings.push(finding);
    }
    if options.helper.as_ref().is_some_and(|helper| helper.placement == Placement::Guard) {
        let message =
            "the guard package is not published, and `cargo publish` refuses members that depend on it";
        let help = "for members that are published, use `--build-helper=binaries`";
        report.findings.push(Finding::new("guard-not-published", Weight::Note, message).help(help));
    }
    report.count("gated", gating.gated.len());
    report.count("without-gate", gating.ungated.len());
}

/// `.gitattributes` with the lines that it lacks: path, old and new text. `None` where it lacks none.
fn attributes(situation: &Situation) -> Result<Option<(PathBuf, Option<String>, String)>, Error> {
    let root = &situation.workspace.root;
    let mut wanted = vec![ATTRIBUTE.to_owned()];
    for directory in situation.configuration.views.iter().flat_map(|view| view.directories()) {
        match relative(root, &directory) {
            Some(path) if path != "." && !path.starts_with("..") && !path.contains([' ', '"']) => {
                wanted.push(format!("/{path}/** -text"));
            }
            _ => {}
        }
    }
    wanted.dedup();
    let path = root.join(".gitattributes");
    let old = read_optional(&path)?;
    Ok(appended(old.as_deref().unwrap_or_default(), &wanted).map(|new| (path, old, new)))
}

/// A text with the lines added that it lacks, in its own line endings.
fn appended(text: &str, wanted: &[String]) -> Option<String> {
    let missing = wanted.iter().filter(|wanted| !text.lines().any(|line| line.trim() == wanted.as_str()));
    let missing = missing.map(String::as_str).collect::<Vec<_>>();
    if missing.is_empty() {
        return None;
    }
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { ending };
    Some(format!("{text}{gap}{}{ending}", missing.join(ending)))
}

fn write(
    root: &Path,
    files: &BTreeMap<PathBuf, (Option<String>, String)>,
    mut transaction: Transaction,
    report: &mut Report,
) -> Result<(), Error> {
    let mut folders = Folders::default();
    let mut names = vec![];
    for (path, (old, new)) in files {
        if old.as_ref() == Some(new) {
            continue;
        }
        folders.make_for(path)?;
        transaction.replace(path, old.clone().map(String::into_bytes), new.clone().into_bytes());
        let shown = relative(root, path).unwrap_or_else(|| path.display().to_string());
        report.step(if old.is_some() { "Changing" } else { "Writing" }, format!("`{shown}`"));
        names.push(shown);
    }
    transaction.commit()?;
    report.step("To commit", names.join(" "));
    Ok(())
}

fn read_optional(path: &Path) -> Result<Option<String>, Error> {
    match toml::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(provenance_build::Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_appended_once_and_in_their_own_line_endings() {
        let wanted = [ATTRIBUTE.to_owned(), "/vendor/** -text".to_owned()];
        for (before, after) in [
            ("", "Provenance.* -text\n/vendor/** -text\n"),
            ("* text=auto", "* text=auto\nProvenance.* -text\n/vendor/** -text\n"),
            ("* text=auto\r\n", "* text=auto\r\nProvenance.* -text\r\n/vendor/** -text\r\n"),
            ("Provenance.* -text\n*.png -text\n", "Provenance.* -text\n*.png -text\n/vendor/** -text\n"),
        ] {
            let appended = appended(before, &wanted);
            assert_eq!(appended.as_deref(), Some(after), "{before}");
            assert_eq!(super::appended(after, &wanted), None, "{before}");
        }
    }
}
