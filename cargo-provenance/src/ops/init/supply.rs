//! `init --from supply-chain`: what a store of cargo-vet comes to here. Its files stay as they are, byte for byte, and count where
//! they stand; the policy says that all packages must have been reviewed. Every key is told of: it counts, or what weighs
//! otherwise here and why.

use std::collections::BTreeMap;
use std::path::Path;

use provenance_build::Lockfile;

use super::Error;
use crate::audit::{AuditKind, Import, Origin, Policy, Set, Store, VetVersion};
use crate::cargo::Workspace;
use crate::collect::audits;
use crate::collect::situation::relative;
use crate::finding::{Finding, Weight};
use crate::ops::vetting::Vetted;
use crate::report::{Report, plural};
use crate::vet::waiver::Waiver;

/// The id of a finding about what another tool weighs otherwise.
const OTHERWISE: &str = "weighs-otherwise";

/// So many of one kind are named; `-v` lists them all.
const NAMED: usize = 4;

/// A store that is taken over.
pub(super) struct Supply {
    store: Store,
    config: String,
}

/// A key of the store, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// `supply-chain/config.toml:12`.
    place: String,
    key: String,
    weight: Weighed,
    what: String,
}

/// What a key weighs here, compared with cargo-vet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weighed {
    /// Nothing: only cargo-vet reads it.
    Apart,
    /// The same.
    Same,
    /// It lets less pass.
    Stricter,
    /// It lets more pass.
    Weaker,
}

/// Says that there is a store whose demands nobody took over.
pub(super) fn tell_of_it(report: &mut Report) {
    let what = "what the reviews of `supply-chain/` say counts, and none is required; `--from supply-chain` takes over what is";
    report.step("Reviews", what);
}

impl Supply {
    /// Reads the store of the workspace at `root`.
    pub(super) fn read(root: &Path, has_policy: bool) -> Result<Self, Error> {
        let misplaced = |what: String, help: &str| Error::Misplaced { what, help: help.to_owned() };
        if has_policy {
            let what = "there is a `Provenance.toml` already, which says everything".to_owned();
            let help = "write `[audits]` and `required = \"all\"` into it, then run `cargo provenance init` without `--from`";
            return Err(misplaced(what, help));
        }
        let help = "correct the file, or run `cargo vet fmt`";
        let damaged = |why: String| misplaced(why, help);
        let store = audits::store(root).map_err(damaged)?;
        let store = store.ok_or_else(|| {
            let what = "there is no `supply-chain/` to take over".to_owned();
            misplaced(what, "run `cargo provenance init` without `--from`")
        })?;
        let folder = store.folder.to_string_lossy().into_owned();
        let [(_, config), ..] = audits::files(root, &folder).map_err(damaged)?;
        let config = String::from_utf8_lossy(&config.unwrap_or_default()).into_owned();
        Ok(Self { store, config })
    }

    /// Patterns for the path packages outside the workspace that the store calls the team's own.
    pub(super) fn own(&self, workspace: &Workspace) -> Vec<String> {
        let packages = workspace.path_packages.iter();
        let own = packages.filter(|package| {
            let policy = self.store.config.policy.get(package.name.as_str());
            let all = policy.iter().flat_map(|policy| policy.entries());
            policy.is_some() && all.into_iter().all(|(_, policy)| policy.audit_as_crates_io == Some(false))
        });
        let paths = own.filter_map(|package| relative(&workspace.root, &package.directory));
        paths.filter(|path| is_plain(path)).collect()
    }

    /// The part of the policy about reviews.
    pub(super) fn section(&self) -> String {
        let Store { config, audits, imports, .. } = &self.store;
        let all = |entries: usize, noun: &str| plural(entries, noun);
        let policies = config.policy.values().map(|policy| policy.entries().count()).sum();
        // A name can be any text, and what follows a line break in it would be a rule of the policy.
        let names = imports.sets.keys().map(|name| name.escape_debug().to_string()).collect::<Vec<_>>();
        let sets = match &names[..] {
            [] => "nothing of others".to_owned(),
            names => format!("copies of what is imported of {}", names.join(", ")),
        };
        format!(
            "\n\
             # Reviews. What cargo-vet keeps counts where it stands, and both tools go on side by side:\n\
             # {}: what is required of each package ({}), what passes without a review ({}),\n\
             # {}: the team's own reviews ({}),\n\
             # {}: {sets}.\n\
             # `criteria = \"safe-to-deploy\"` here would ask the same of every package, and set aside what [policy] asks there.\n\
             [audits]\n\
             required = \"all\"\n",
            self.file("config.toml"),
            all(policies, "policy").replace("policys", "policies"),
            all(config.exemptions.values().map(Vec::len).sum(), "exemption"),
            self.file("audits.toml"),
            all(audits.audits.values().map(Vec::len).sum(), "entry").replace("entrys", "entries"),
            self.file("imports.lock"),
        )
    }

    /// Says what counts and what weighs otherwise, key by key, and which packages that leaves without a review.
    pub(super) fn tell(
        &self,
        report: &mut Report,
        workspace: &Workspace,
        lockfile: &Lockfile,
        vetted: &[Vetted],
    ) {
        let lines = self.lines(workspace, lockfile);
        let (same, otherwise): (Vec<_>, Vec<_>) = lines.iter().partition(|it| it.weight == Weighed::Same);
        let folder = self.store.folder.display().to_string();
        let keys = plural(same.len(), "setting");
        report.step("Taking over", format!("{keys} of `{folder}/`, which stays as it is; `-v` lists them"));
        for it in &same {
            report.detail("Counts", it.line());
        }
        report.count("taken-over", same.len());
        report.count("not-taken-over", otherwise.len());
        if !otherwise.is_empty() {
            let message =
                format!("{} of `{folder}/` weigh otherwise here", plural(otherwise.len(), "setting"));
            let mut finding = Finding::new(OTHERWISE, Weight::Note, message)
                .help("look at each: what is stricter here refuses what comes in from now on, what is weaker stays for cargo-vet to judge");
            finding.notes = folded(&otherwise);
            report.findings.push(finding);
            otherwise.iter().for_each(|it| report.detail("Otherwise", it.line()));
        }
        let waived = vetted.iter().flat_map(|vetted| &vetted.waived);
        let open = waived.filter(|it| it.by == Waiver::Baseline && it.finding.id == "not-audited");
        let open = open.map(|it| &it.finding).collect::<Vec<_>>();
        if open.is_empty() {
            return;
        }
        let message =
            format!("{} passed as baseline without a review that counts here", plural(open.len(), "package"));
        let mut finding = Finding::new(OTHERWISE, Weight::Note, message).help(
            "`cargo provenance suggest` says which reviews are missing; what comes in from now on needs one",
        );
        let open_count = open.len();
        for it in open {
            let name = it.package.as_ref().map(|id| id.short()).unwrap_or_default();
            let says_why =
                |note: &&String| !note.starts_with("a review of") && !note.starts_with("`not-audited`");
            let why = it.notes.iter().take_while(says_why).cloned().collect::<Vec<_>>();
            let line = format!("{name}: {}", why.join("; "));
            if finding.notes.len() < NAMED {
                finding.notes.push(line.clone());
            }
            report.detail("Baseline", line);
        }
        if open_count > NAMED {
            finding.notes.push(format!("{} more; `-v` lists them", open_count - NAMED));
        }
        report.findings.push(finding);
    }

    fn file(&self, name: &str) -> String {
        self.store.folder.join(name).display().to_string()
    }

    /// Every key of the store, in the order of its files.
    fn lines(&self, workspace: &Workspace, lockfile: &Lockfile) -> Vec<Told> {
        let mut all = Lines { store: self, lines: vec![] };
        all.settings();
        for (name, import) in &self.store.config.imports {
            all.import(name, import);
        }
        for (name, policy) in &self.store.config.policy {
            for (version, entry) in policy.entries() {
                all.policy(name, version, entry, workspace, lockfile);
            }
        }
        all.exemptions();
        all.audits();
        all.imports();
        all.silent(workspace, lockfile);
        all.lines
    }
}

impl Told {
    fn line(&self) -> String {
        format!("{}: `{}`: {}{}", self.place, self.key, self.how(), self.what)
    }

    fn how(&self) -> &'static str {
        match self.weight {
            Weighed::Apart | Weighed::Same => "",
            Weighed::Stricter => "stricter here: ",
            Weighed::Weaker => "weaker here: ",
        }
    }
}

/// A line for each, or one line for those of which the same is said.
fn folded(all: &[&Told]) -> Vec<String> {
    let mut kinds: Vec<Vec<&Told>> = vec![];
    for it in all {
        match kinds.iter_mut().find(|kind| kind[0].what == it.what && kind[0].weight == it.weight) {
            Some(kind) => kind.push(it),
            None => kinds.push(vec![it]),
        }
    }
    let lines = kinds.iter().flat_map(|kind| match &kind[..] {
        [first, _, .., last] if kind.len() > NAMED => {
            let keys = plural(kind.len(), "setting");
            vec![format!(
                "{} to {}: {keys} from `{}` to `{}`: {}{}; `-v` lists them",
                first.place,
                last.place,
                first.key,
                last.key,
                first.how(),
                first.what
            )]
        }
        few => few.iter().map(|it| it.line()).collect(),
    });
    lines.collect()
}

struct Lines<'s> {
    store: &'s Supply,
    lines: Vec<Told>,
}

impl Lines<'_> {
    fn add(
        &mut self,
        file: &str,
        line: u32,
        key: impl Into<String>,
        weight: Weighed,
        what: impl Into<String>,
    ) {
        let file = self.store.file(file);
        let place = if line > 0 { format!("{file}:{line}") } else { file };
        self.lines.push(Told { place, key: key.into(), weight, what: what.into() });
    }

    fn settings(&mut self) {
        let config = &self.store.store.config;
        let line = |key: &str| {
            let is_it = |line: &str| {
                line.trim_start().strip_prefix(key).is_some_and(|it| it.trim_start().starts_with('='))
            };
            let number = self.store.config.lines().position(is_it).map_or(0, |index| index + 1);
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        let (version, default) = (line("version"), line("default-criteria"));
        if config.version.is_some() {
            let what = "it is kept as it is whatever is written";
            self.add("config.toml", version, "cargo-vet.version", Weighed::Same, what);
        }
        if let Some(criteria) = &config.default_criteria {
            let what = format!("`certify` records `{criteria}` unless told otherwise");
            self.add("config.toml", default, "default-criteria", Weighed::Same, what);
        }
    }

    fn import(&mut self, name: &str, import: &Import) {
        let (file, line) = ("config.toml", import.line);
        let urls = import.urls.join(", ");
        let what = format!(
            "what `imports.lock` has of {urls} counts; `cargo vet` goes on fetching it, and this tool only what \
             `[audits.import]` of the policy names with a digest"
        );
        self.add(file, line, format!("imports.{name}.url"), Weighed::Same, what);
        if !import.exclude.is_empty() {
            let what =
                format!("of {} nothing is imported, wildcard entries neither", import.exclude.join(", "));
            self.add(file, line, format!("imports.{name}.exclude"), Weighed::Stricter, what);
        }
        for (theirs, ours) in &import.criteria_map {
            let what = format!("it means `{}`, as `imports.lock` has translated it", ours.join("`, `"));
            self.add(file, line, format!("imports.{name}.criteria-map.{theirs}"), Weighed::Same, what);
        }
    }

    fn policy(
        &mut self,
        name: &str,
        version: Option<&VetVersion>,
        policy: &Policy,
        workspace: &Workspace,
        lockfile: &Lockfile,
    ) {
        let key = |rest: &str| match version {
            Some(version) => format!("policy.\"{name}:{version}\".{rest}"),
            None => format!("policy.{name}.{rest}"),
        };
        let (file, line) = ("config.toml", policy.line);
        let locked = lockfile.packages.iter().find(|package| package.id.name.as_str() == name);
        let is_published =
            locked.is_some_and(|package| Origin::of(package.id.source.as_ref()) == Origin::CratesIo);
        match policy.audit_as_crates_io {
            Some(true) => {
                let (weight, what) = match workspace.members.iter().any(|member| member.name.as_str() == name)
                {
                    true => {
                        (Weighed::Weaker, "a member is the team's own: only cargo-vet asks for reviews of it")
                    }
                    false if is_published => {
                        (Weighed::Same, "it has to be reviewed like what crates.io publishes under its name")
                    }
                    false => (
                        Weighed::Stricter,
                        "it has to be reviewed by the team: what others reviewed is what crates.io publishes under its name",
                    ),
                };
                self.add(file, line, key("audit-as-crates-io"), weight, what);
            }
            Some(false) => {
                let (weight, what) = self.own(name, workspace, lockfile);
                self.add(file, line, key("audit-as-crates-io"), weight, what);
            }
            None => {}
        }
        let named = |names: &[String]| match names {
            [] => "nothing".to_owned(),
            names => format!("`{}`", names.join("`, `")),
        };
        if let Some(criteria) = &policy.criteria {
            let more = if criteria.is_empty() { "; `check -v` lists what that lets pass" } else { "" };
            let what = format!("{} is required of it, and of what it alone needs{more}", named(criteria));
            self.add(file, line, key("criteria"), Weighed::Same, what);
        }
        if let Some(criteria) = &policy.dev_criteria {
            let what = format!("{} is required of its dev-dependencies", named(criteria));
            self.add(file, line, key("dev-criteria"), Weighed::Same, what);
        }
        for (dependency, criteria) in &policy.dependency_criteria {
            let what = format!("{} is required of `{dependency}` for it", named(criteria));
            self.add(file, line, key(&format!("dependency-criteria.{dependency}")), Weighed::Same, what);
        }
        if policy.notes.is_some() {
            self.add(file, line, key("notes"), Weighed::Same, "it stays there for people to read");
        }
    }

    /// What becomes of a package that cargo-vet is told to take for the team's own.
    fn own(&self, name: &str, workspace: &Workspace, lockfile: &Lockfile) -> (Weighed, String) {
        if workspace.members.iter().any(|member| member.name.as_str() == name) {
            return (Weighed::Same, "a member of the workspace, which nobody else has to review".to_owned());
        }
        let path = workspace.path_packages.iter().find(|package| package.name.as_str() == name);
        let path = path.and_then(|package| relative(&workspace.root, &package.directory));
        if let Some(path) = path {
            return match is_plain(&path) {
                true => (Weighed::Same, format!("`own = [\"{path}\"]` of the policy says so")),
                false => (Weighed::Stricter, format!("`{path}` cannot stand in `own` of the policy")),
            };
        }
        let locked = lockfile.packages.iter().find(|package| package.id.name.as_str() == name);
        let from = match locked.map(|package| Origin::of(package.id.source.as_ref())) {
            Some(Origin::CratesIo) => "it comes from crates.io",
            Some(Origin::Git) => "it comes from git",
            Some(Origin::Registry) => "it comes from a registry",
            Some(Origin::Path) | None => "no path of the workspace leads to it",
        };
        (Weighed::Stricter, format!("{from}, and only members and path packages are the team's own"))
    }

    fn exemptions(&mut self) {
        let store = self.store;
        for (name, exemptions) in &store.store.config.exemptions {
            for it in exemptions {
                let key = |rest: &str| format!("exemptions.{name}.{rest}");
                let what =
                    format!("{} passes for `{}` without a review", it.version, it.criteria.join("`, `"));
                self.add("config.toml", it.line, key("version, criteria"), Weighed::Same, what);
                if !it.suggest {
                    let what =
                        "`suggest` proposes no review of what an exemption lets pass, whatever is said here";
                    self.add("config.toml", it.line, key("suggest"), Weighed::Apart, what);
                }
                if it.notes.is_some() {
                    let what = "it stays there for people to read";
                    self.add("config.toml", it.line, key("notes"), Weighed::Same, what);
                }
            }
        }
    }

    fn audits(&mut self) {
        let set = &self.store.store.audits;
        for (name, criterion) in &set.criteria {
            let what = "it means the same here";
            self.add("audits.toml", criterion.line, format!("criteria.{name}"), Weighed::Same, what);
        }
        for (name, audits) in &set.audits {
            for it in audits {
                let (key, what) = match &it.kind {
                    AuditKind::Full(version) => ("version", format!("a review of {version}")),
                    AuditKind::Delta { from, to } => {
                        ("delta", format!("a review of what changed from {from} to {to}"))
                    }
                    AuditKind::Violation(_) => {
                        ("violation", "it refuses every version that it is about".to_owned())
                    }
                };
                // No other entry outweighs a warning here.
                let weight = if key == "violation" { Weighed::Stricter } else { Weighed::Same };
                self.add("audits.toml", it.line, format!("audits.{name}.{key}"), weight, what);
            }
        }
        self.publishers("audits.toml", "", set);
    }

    /// Entries about whoever publishes.
    fn publishers(&mut self, file: &str, prefix: &str, set: &Set) {
        const ALONE: &str = "a publisher's name never stands alone: it takes age, the same publisher as before, and no new \
                             build-time code or dependency";
        let wildcards =
            set.wildcards.iter().flat_map(|(name, all)| all.iter().map(move |it| (name, it.line)));
        for (name, line) in wildcards {
            self.add(file, line, format!("{prefix}wildcard-audits.{name}"), Weighed::Stricter, ALONE);
        }
        let trusted = set.trusted.iter().flat_map(|(name, all)| all.iter().map(move |it| (name, it.line)));
        for (name, line) in trusted {
            self.add(file, line, format!("{prefix}trusted.{name}"), Weighed::Stricter, ALONE);
        }
    }

    fn imports(&mut self) {
        let store = self.store;
        for (name, set) in &store.store.imports.sets {
            let audits = set.audits.values().map(Vec::len).sum::<usize>();
            let what = format!("{} of it count", plural(audits, "review"));
            self.add("imports.lock", 0, format!("audits.{name}"), Weighed::Same, what);
            self.publishers("imports.lock", &format!("audits.{name}."), set);
        }
        let publications = store.store.imports.publications.values().map(Vec::len).sum::<usize>();
        if publications > 0 {
            let what = format!("who published {} is known from it", plural(publications, "version"));
            self.add("imports.lock", 0, "publisher", Weighed::Same, what);
        }
        for (name, all) in &store.store.imports.unpublished {
            for it in all {
                let what = format!("{} is judged as {}", it.version, it.audited_as);
                self.add("imports.lock", it.line, format!("unpublished.{name}"), Weighed::Same, what);
            }
        }
    }

    /// What cargo-vet takes for the team's own without a word.
    fn silent(&mut self, workspace: &Workspace, lockfile: &Lockfile) {
        let mut silent = BTreeMap::new();
        for package in &lockfile.packages {
            let id = &package.id;
            let origin = Origin::of(id.source.as_ref());
            let is_member =
                workspace.members.iter().any(|member| member.name == id.name) && id.source.is_none();
            let is_declared = self.store.store.config.policy.get(id.name.as_str()).is_some_and(|policy| {
                policy.entries().all(|(_, policy)| policy.audit_as_crates_io.is_some())
            });
            if origin != Origin::CratesIo && !is_member && !is_declared {
                silent.insert(id.name.as_str(), (package.line, origin));
            }
        }
        for (name, (line, origin)) in silent {
            let from = match origin {
                Origin::Git => "what comes from git needs a review of its commit",
                Origin::Registry => "what comes from another registry needs a review",
                Origin::CratesIo | Origin::Path => {
                    "what lies outside the workspace needs a review, or a place in `own` of the policy"
                }
            };
            let (place, weight) = (format!("Cargo.lock:{line}"), Weighed::Stricter);
            self.lines.push(Told { place, key: name.to_owned(), weight, what: from.to_owned() });
        }
    }
}

/// Whether a path stands for itself as a pattern.
fn is_plain(path: &str) -> bool {
    !path.contains(['*', '?', '[', ']', '{', '}', '!', '"', '\\']) && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    #[test]
    fn a_name_of_somebody_who_is_imported_is_no_rule_of_the_policy() {
        let mut store = Store { folder: "supply-chain".into(), ..Store::default() };
        for end in ["\n", "\r\n", "\n\n"] {
            store
                .imports
                .sets
                .insert(format!("x{end}[checks]{end}unsound = \"allow\"{end}#"), Set::default());
        }
        let section = Supply { store, config: String::new() }.section();
        let document = section.parse::<DocumentMut>().expect("TOML");
        assert_eq!(document.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["audits"], "{section}");
    }
}
