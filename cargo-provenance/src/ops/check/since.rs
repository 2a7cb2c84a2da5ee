//! `check --since REV`: what was there at another commit, and what is new.
//!
//! What counts is the change: a finding of a package whose bytes are the same is a note if it would have stood there with
//! what is known today. So an advisory that was published meanwhile turns no unrelated change red.

use std::collections::BTreeSet;
use std::path::Path;

use provenance_build::manifest::{self, Acceptance, Basis, Member, Pin};
use provenance_build::{LockedPackage, Lockfile, Manifest, PackageId};
use toml_edit::DocumentMut;

use super::reviews::StoreBefore;
use super::{Evidence, Vetting};
use super::{Failure, Finding, Gate, Report, Weight, gate, plural};
use crate::audit::{ByName, Config, PolicyFor};
use crate::cargo;
use crate::collect::situation::{Situation, index_among, relative};
use crate::collect::{audits, cooldown, vet_store};
use crate::finding::Role;
use crate::finding::drift::Excerpts;
use crate::git::Revision;
use crate::policy::{self, At, Exception, Policy};
use crate::vet::{Cooldown, Demands, Judgment, Open, catalogue, waiver};

/// The id of a finding about a pin that nobody judged and that was not there.
pub(super) const BASELINE_NEW: &str = "baseline-new";

/// The id of a finding about a setting that was not recorded there and could run.
pub(super) const SETTING_NEW: &str = "setting-new";

/// New `baseline` pins that are shown with their lines.
const PLACES: usize = 5;

/// Folders above a workspace in which a policy is looked for.
const FOLDERS_ABOVE: usize = 32;

/// The workspace's files at another commit, as far as they are there and can be read.
pub(super) struct Before {
    name: String,
    manifest: Option<Manifest>,
    policy: Option<Policy>,
    /// Why it is not known, where it was there and cannot be read, or another one was in force.
    policy_fault: Option<String>,
    lockfile: Option<Lockfile>,
    /// What cargo-vet's configuration required of packages; why that is not known, if so.
    vet_policies: Result<ByName<PolicyFor>, String>,
    store: StoreBefore,
    /// Its members, and what they asked for; why that is not known, if so.
    members: Result<Vec<cargo::Member>, String>,
    /// What could not be read, a line each: it is taken for absent, so that everything is new.
    odd: Vec<String>,
}

impl Before {
    /// Reads the files at the commit that `name` means.
    pub(super) fn read(gate: &Gate, name: &str) -> Result<Self, Failure> {
        let revision = Revision::find(&gate.root, name)?;
        let mut odd = vec![];
        let manifest = parsed(&revision, manifest::FILE_NAME, name, &mut odd, Manifest::parse)?;
        // What is extended is known by its digest, wherever it lies now.
        let fetch = |path: &Path| match path.to_str().map(|path| revision.file(path)) {
            Some(Ok(Some(bytes))) => Ok(bytes),
            _ => gate::base(&gate.root.join(path)),
        };
        let read = |bytes: &[u8], file: &Path| Policy::read(bytes, file, catalogue(), &fetch);
        let readable = odd.len();
        let policy = parsed(&revision, policy::FILE_NAME, name, &mut odd, read)?;
        let elsewhere = || policy.is_none().then(|| above(&revision, name)).flatten();
        let policy_fault = odd.get(readable).cloned().or_else(elsewhere);
        let lockfile = match relative(&gate.root, &gate.seen.lockfile) {
            Some(path) if !path.starts_with("..") => {
                parsed(&revision, &path, name, &mut odd, Lockfile::parse)?
            }
            _ => {
                odd.push(format!("`{}` lies outside the workspace", gate.seen.lockfile.display()));
                None
            }
        };
        let vet_policies = vet_policies(gate, &revision, name)?;
        let store = StoreBefore::read(gate, &revision);
        let members = members(&revision, manifest.as_ref(), lockfile.as_ref());
        let name = name.to_owned();
        Ok(Self { name, manifest, policy, policy_fault, lockfile, vet_policies, store, members, odd })
    }

    /// The policy at that commit.
    pub(super) fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// What cargo-vet's configuration required of packages at that commit; why that is not known, if so.
    pub(super) fn vet_policies(&self) -> Result<ByName<PolicyFor>, String> {
        self.vet_policies.clone()
    }

    /// What was required of the packages that were there, so that nobody takes for an old finding what follows from a new need.
    pub(super) fn demands(&self, vetting: &Vetting<'_>) -> Evidence<Demands> {
        match (&self.lockfile, &self.members) {
            (Some(lockfile), Ok(members)) => vetting.demands(lockfile, members),
            (None, _) => Evidence::Unavailable(format!("`{}` has no lockfile that can be read", self.name)),
            (_, Err(why)) => Evidence::Unavailable(format!("at `{}`, {why}", self.name)),
        }
    }

    /// What is needed for more than it was, by its places in the lockfile; all of it where that cannot be told.
    pub(super) fn raised(&self, vetting: &Vetting<'_>, situation: &Situation) -> BTreeSet<usize> {
        let now = (&situation.lockfile, situation.workspace.members.as_slice());
        match (&self.lockfile, &self.members) {
            (Some(lockfile), Ok(members)) => {
                let raised = vetting.raised(now, (lockfile, members));
                raised.into_iter().map(|(index, _)| index).collect()
            }
            _ if vetting.may_go_by_the_tree() => (0..situation.lockfile.packages.len()).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// What a package of a change is open for where the policy that it must meet cannot be read: a change does not make its own.
    pub(super) fn unknown(&self, id: &PackageId) -> Option<Open> {
        let why = self.policy_fault.as_ref()?;
        Some(Open {
            id: id.clone(),
            why: format!("nobody knows {why}"),
            checks: vec!["all"],
            help: "let the change of the policy in on its own first".to_owned(),
        })
    }

    /// Cargo's own cool-down at that commit.
    pub(super) fn cooldown(&self) -> Cooldown {
        self.manifest.as_ref().map(|manifest| cooldown::recorded(&manifest.cargo_config)).unwrap_or_default()
    }

    /// The pin of a package at that commit.
    pub(super) fn pin_for(&self, id: &PackageId) -> Option<&Pin> {
        self.manifest.as_ref()?.pin_for(id)
    }

    /// The pins at that commit.
    pub(super) fn pins(&self) -> &[Pin] {
        self.manifest.as_ref().map(|manifest| manifest.packages.as_slice()).unwrap_or_default()
    }

    /// Whether the bytes of a package were the same, with the pin that it had. A package without a pin has none then and now.
    pub(super) fn unchanged(&self, package: &LockedPackage, pin: Option<&Pin>) -> Option<Option<&Pin>> {
        let mut locked = self.lockfile.as_ref()?.packages.iter();
        locked.find(|it| it.id == package.id && it.checksum == package.checksum)?;
        let old = self.manifest.as_ref()?.pin_for(&package.id);
        match (old, pin) {
            (None, None) => Some(None),
            (Some(old), Some(pin)) if same_bytes(old, pin) => Some(Some(old)),
            _ => None,
        }
    }

    /// The check set that judged the bytes which a pin covers: the newest that a pin of the very same bytes names, now and
    /// then. What the change itself writes of new bytes excuses them from no check.
    pub(super) fn judged_by(&self, package: &LockedPackage, pin: Option<&Pin>) -> Option<u32> {
        let set = |pin: &Pin| pin.vetted.as_ref().map(|vetted| vetted.checks);
        let old = self.unchanged(package, pin).flatten().and_then(set)?;
        Some(old.max(pin.and_then(set)?))
    }

    /// Makes notes of the findings that were there before and weighed as much, and counts them.
    pub(super) fn demote(&self, findings: &mut [Finding], there: &[Finding]) -> usize {
        let mut demoted = 0;
        for finding in findings.iter_mut().filter(|finding| finding.weight != Weight::Note) {
            let key = waiver::key(finding);
            if there.iter().any(|old| waiver::key(old) == key && old.weight <= finding.weight) {
                self.note(finding);
                demoted += 1;
            }
        }
        demoted
    }

    /// Adds what the policy at the revision has against new bytes and the policy of the change has not.
    pub(super) fn hold_to(&self, judgment: &mut Judgment, there: Judgment) {
        for mut old in there.findings.into_iter().filter(|finding| finding.weight != Weight::Note) {
            let key = waiver::key(&old);
            let same = |finding: &Finding| waiver::key(finding) == key;
            if judgment.findings.iter().any(|finding| same(finding) && finding.weight <= old.weight) {
                continue;
            }
            judgment.findings.retain(|finding| !same(finding));
            // The lines are those of another file than the one that lies there.
            old.places.clear();
            old.notes.push(format!("by the policy at `{}`, which this change loosens", self.name));
            old.help.push("let the change of the policy in on its own first".to_owned());
            judgment.findings.push(old);
        }
        judgment.extend(Judgment { open: there.open, ..Judgment::default() });
    }

    /// The index URL of a registry's name, as the manifest at the revision records it.
    pub(super) fn index_of(&self, name: &str) -> Option<String> {
        index_among(self.manifest.as_ref()?.cargo_config.iter(), name)
    }

    /// The same for exceptions that had ended already, or would have.
    pub(super) fn demote_expired(&self, findings: &mut [Finding], policy: &Policy) -> usize {
        let mut demoted = 0;
        let old = self.policy.as_ref().map(Policy::exceptions).unwrap_or_default();
        for finding in findings.iter_mut().filter(|finding| finding.weight != Weight::Note) {
            let place = finding.places.first().map(|place| (&place.file, place.line));
            let is_it = |at: &&At<Exception>| {
                let stands = policy.place(at.line, "");
                place == Some((&stands.file, stands.line))
            };
            let exception = policy.exceptions().iter().find(is_it);
            if exception.is_some_and(|at| old.iter().any(|old| old.value == at.value)) {
                self.note(finding);
                demoted += 1;
            }
        }
        demoted
    }

    /// Says how many findings are notes because they were there before.
    pub(super) fn count(&self, demoted: usize, report: &mut Report) {
        report.count("there-before", demoted);
        if demoted > 0 {
            let name = &self.name;
            let were = if demoted == 1 { "was" } else { "were" };
            report.step("Before", format!("{} {were} there at `{name}` already", plural(demoted, "finding")));
        }
    }

    fn note(&self, finding: &mut Finding) {
        finding.weight = Weight::Note;
        finding.notes.push(format!("it was there at `{}` already", self.name));
    }

    /// Settings that the manifest records and the one at the revision does not, as far as cargo could run something for them
    /// while it resolves. Whoever brings a change must not decide what runs while it is judged.
    pub(super) fn settings(&self, gate: &Gate) -> Vec<Finding> {
        let old = self.manifest.as_ref().map(|manifest| &manifest.cargo_config);
        let in_force = gate.seen.configuration.recorded.iter();
        let is_new = |key: &String, value: &String| old.and_then(|old| old.get(key)) != Some(value);
        in_force
            .filter(|(key, setting)| is_new(key, &setting.value) && !is_inert(key))
            .map(|(key, setting)| {
                let message = format!("cargo setting `{key}` was not recorded at `{}`", self.name);
                let mut finding = Finding::new(SETTING_NEW, Weight::Denial, message);
                let label = "in force here".to_owned();
                finding.places.extend(gate.other(&setting.file, setting.line, label, Role::Primary));
                finding.note("cargo could run it, so no cargo was started").help(
                    "review it, and let it in on its own: what comes after that is compared with a revision that has it",
                )
            })
            .collect()
    }

    /// Lists what is new and must not pass unseen, before anything else; a new `baseline` is refused.
    pub(super) fn tell(&self, gate: &Gate, report: &mut Report) -> Option<Finding> {
        let mut new = Report::new(report.command);
        report.not_checked.extend(self.odd.iter().cloned());
        if self.manifest.is_none() {
            new.step(
                "Comparing",
                format!("`{}` has no manifest that can be read: everything is new", self.name),
            );
        }
        self.tell_members(gate, &mut new);
        self.tell_policy(gate, &mut new);
        let mut baseline = vec![];
        for pin in &gate.seen.manifest.packages {
            let old = self.manifest.as_ref().and_then(|manifest| manifest.pin_for(&pin.id()));
            let old = old.filter(|old| same_bytes(old, pin));
            let accepted = old.map(|old| old.accepted.as_slice()).unwrap_or_default();
            for Acceptance { check, id, by, on, reason } in
                pin.accepted.iter().filter(|it| !accepted.contains(it))
            {
                let subject = id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                let package = pin.id().short();
                new.step("Acceptance", format!("{check}{subject} of {package} by {by} on {on}: {reason}"));
            }
            let known = old.map(|old| old.baseline.as_slice()).unwrap_or_default();
            let entries = pin.baseline.iter().filter(|it| !known.contains(it)).collect::<Vec<_>>();
            let is_new = pin.trust.basis == Basis::Baseline
                && old.is_none_or(|old| old.trust.basis != Basis::Baseline);
            if is_new || !entries.is_empty() {
                let package = pin.id().short();
                let entries = entries.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
                let entries = if entries.is_empty() { "nothing found".to_owned() } else { entries };
                new.step("Baseline", format!("{package}: {entries}"));
                baseline.push(pin);
            }
        }
        report.steps.splice(0..0, new.steps);
        refuse_baseline(gate, &baseline)
    }

    /// The manifest at that commit.
    pub(super) fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Members that the manifest at that commit does not list.
    pub(super) fn new_members<'m>(&self, manifest: &'m Manifest) -> Vec<&'m Member> {
        let old = self.manifest.as_ref().map(|old| old.members.as_slice()).unwrap_or_default();
        manifest.members.iter().filter(|member| !old.iter().any(|old| old.name == member.name)).collect()
    }

    fn tell_members(&self, gate: &Gate, new: &mut Report) {
        let old = self.manifest.as_ref();
        let members = old.map(|old| old.members.as_slice()).unwrap_or_default();
        for member in &gate.seen.manifest.members {
            let before = members.iter().find(|it| it.name == member.name && it.path == member.path);
            if before.is_none() {
                new.step("Member", format!("{} ({})", member.name, member.path));
            }
            if let Some(reason) = &member.own
                && before.is_none_or(|before| before.own.as_ref() != Some(reason))
            {
                new.step("Own", format!("{}: {reason}", member.name));
            }
        }
        for (key, value) in &gate.seen.manifest.cargo_config {
            if old.and_then(|old| old.cargo_config.get(key)) != Some(value) {
                new.step("Setting", format!("{key} = {value}"));
            }
        }
    }

    /// What cargo-vet's configuration requires of packages, where that was changed.
    fn tell_vet_policies(&self, gate: &Gate, new: &mut Report) {
        let (Ok(old), Ok(Some(store))) = (&self.vet_policies, audits::store(&gate.root)) else { return };
        let names = old.keys().chain(store.config.policy.keys()).collect::<BTreeSet<_>>();
        let without_lines = |policy: Option<&PolicyFor>| policy.map(PolicyFor::without_lines);
        for name in names {
            let (before, now) = (old.get(name), store.config.policy.get(name));
            let what = match (before, now) {
                (Some(_), None) => "was removed",
                (None, Some(_)) => "is new",
                _ if without_lines(before) != without_lines(now) => "was changed",
                _ => continue,
            };
            let file = store.folder.join("config.toml");
            new.step("Policy", format!("`[policy.{name}]` of `{}` {what}", file.display()));
        }
    }

    fn tell_policy(&self, gate: &Gate, new: &mut Report) {
        let old = self.policy.as_ref();
        if old.is_some_and(|old| old.digest() != gate.policy.digest()) {
            new.step("Policy", "`Provenance.toml` was changed");
        }
        self.store.tell(gate, new);
        self.tell_vet_policies(gate, new);
        let databases = old.map(Policy::databases).unwrap_or_default();
        let counting = gate.policy.databases();
        for At { value, .. } in &databases {
            match counting.iter().find(|at| at.value.origin == value.origin) {
                None => new.step("Database", format!("`{}` no longer counts", value.origin.as_str())),
                Some(at) if at.value.max_age != value.max_age => {
                    let age =
                        at.value.max_age.map_or("of any age".to_owned(), |age| format!("up to {age} old"));
                    new.step("Database", format!("`{}` counts {age}", value.origin.as_str()));
                }
                Some(_) => {}
            }
        }
        for At { value, line } in counting.iter().filter(|at| old.is_some() && at.line > 0) {
            if !databases.iter().any(|old| old.value.origin == value.origin) {
                new.step("Database", format!("`{}` ({})", value.origin.as_str(), gate.policy.spot(*line)));
            }
        }
        let exceptions = old.map(Policy::exceptions).unwrap_or_default();
        for At { value, line } in gate.policy.exceptions() {
            if !exceptions.iter().any(|old| old.value == *value) {
                let subject = value.subject.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                new.step(
                    "Exception",
                    format!(
                        "{}{subject} of {} until {}: {} ({})",
                        value.check,
                        value.spec(),
                        value.expires,
                        value.reason,
                        gate.policy.spot(*line)
                    ),
                );
            }
        }
        let own = old.map(Policy::own).unwrap_or_default();
        for At { value, line } in gate.policy.own() {
            if !own.iter().any(|old| old.value == *value) {
                new.step("Own", format!("{} ({})", value.as_str(), gate.policy.spot(*line)));
            }
        }
    }
}

/// The policy that was in force at a revision for a folder that had none of its own: whoever makes a workspace within another one
/// does not get away from that.
fn above(revision: &Revision, name: &str) -> Option<String> {
    let mut path = policy::FILE_NAME.to_owned();
    for _ in 0..FOLDERS_ABOVE {
        path.insert_str(0, "../");
        // Git refuses what lies outside of the repository.
        if revision.file(&path).ok()?.is_some() {
            return Some(format!("what was asked at `{name}`, where `{path}` was in force"));
        }
    }
    None
}

/// The members at a revision, with what their manifests asked for.
fn members(
    revision: &Revision,
    manifest: Option<&Manifest>,
    lockfile: Option<&Lockfile>,
) -> Result<Vec<cargo::Member>, String> {
    let document = |path: &str| -> Result<DocumentMut, String> {
        let bytes = revision.file(path).map_err(|error| error.to_string())?;
        let text = bytes.ok_or_else(|| format!("there is no `{path}`"))?;
        let text = String::from_utf8(text).map_err(|_| format!("`{path}` is no text"))?;
        text.parse().map_err(|error: toml_edit::TomlError| format!("`{path}`: {}", error.message()))
    };
    let root = document("Cargo.toml").ok();
    let is_member = |member: &Member, document: &DocumentMut| {
        // Only what is the team's own for a reason of its own may lie outside of the workspace.
        member.own.is_none() || root.as_ref().is_some_and(|root| cargo::belongs(root, &member.path, document))
    };
    let listed = manifest.map(|manifest| manifest.members.as_slice()).unwrap_or_default();
    let locked = lockfile.map(|lockfile| lockfile.packages.as_slice()).unwrap_or_default();
    let members = listed.iter().filter_map(|member| {
        let mut own = locked.iter().filter(|package| package.id.source.is_none());
        let package = own.find(|package| package.id.name == member.name)?;
        let path = member.path.to_string();
        let file =
            if matches!(&*path, "" | ".") { "Cargo.toml".to_owned() } else { format!("{path}/Cargo.toml") };
        let document = match document(&file) {
            Ok(document) if is_member(member, &document) => document,
            Ok(_) => return None,
            Err(why) => return Some(Err(why)),
        };
        Some(Ok(cargo::Member {
            name: member.name.clone(),
            version: package.id.version.clone(),
            directory: path.into(),
            manifest: file.into(),
            makes_binary: false,
            build_script: None,
            proc_macro: false,
            links: None,
            asks: cargo::asks(&document, root.as_ref()),
        }))
    });
    members.collect()
}

/// What cargo-vet's configuration required at a revision. One that cannot be read leaves open what it required.
fn vet_policies(
    gate: &Gate,
    revision: &Revision,
    name: &str,
) -> Result<Result<ByName<PolicyFor>, String>, Failure> {
    let manifest = revision.file("Cargo.toml")?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let path = match vet_store::folder_before(&gate.root, manifest.as_deref()) {
        Ok(folder) => format!("{folder}/config.toml"),
        Err(why) => return Ok(Err(format!("at `{name}`, {why}"))),
    };
    let Some(bytes) = revision.file(&path)? else { return Ok(Ok(ByName::new())) };
    let config = Config::read(&bytes, Path::new(&path));
    Ok(config.map(|config| config.policy).map_err(|error| format!("at `{name}`, {error}")))
}

/// Whether a setting, under the key that the manifest records it by, runs nothing while cargo resolves and fetches.
fn is_inert(key: &str) -> bool {
    let key = key.rsplit_once('#').map_or(key, |(_, key)| key);
    let last = key.rsplit('.').next().unwrap_or_default();
    match key.split('.').next().unwrap_or_default() {
        "alias" | "patch" | "paths" | "resolver" | "source" => true,
        "registries" => matches!(last, "index" | "protocol"),
        "target" => matches!(last, "linker" | "runner"),
        _ => false,
    }
}

fn same_bytes(old: &Pin, new: &Pin) -> bool {
    (&old.origin, old.checksum, old.tree, old.vendor_tree)
        == (&new.origin, new.checksum, new.tree, new.vendor_tree)
}

/// One finding for all pins that came in without anybody having judged them.
fn refuse_baseline(gate: &Gate, pins: &[&Pin]) -> Option<Finding> {
    let first = pins.first()?.id().short();
    let message = match pins.len() {
        1 => format!("`{first}` came in as `baseline`: nobody has judged it"),
        more => format!("{} came in as `baseline`: nobody has judged them", plural(more, "package")),
    };
    let mut finding = Finding::new(BASELINE_NEW, Weight::Denial, message);
    let places = pins.iter().take(PLACES);
    finding.places.extend(places.map(|pin| gate.pinned(pin.line.0, "pinned here".to_owned(), Role::Primary)));
    if let [only] = pins {
        finding.package = Some(only.id());
    }
    Some(finding.help(
        "`baseline` is for what was there before the gate: remove the entries from `Provenance.lock` and run `cargo \
         provenance pin`",
    ))
}

/// A file at the revision. One that cannot be understood is told of and taken for absent.
fn parsed<T, E: std::fmt::Display>(
    revision: &Revision,
    path: &str,
    name: &str,
    odd: &mut Vec<String>,
    read: impl Fn(&[u8], &Path) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    let Some(bytes) = revision.file(path)? else { return Ok(None) };
    match read(&bytes, Path::new(path)) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            odd.push(format!("what was there at `{name}`, since it cannot be read: {error}"));
            Ok(None)
        }
    }
}
