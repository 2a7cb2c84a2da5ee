//! Stores that say anything about the packages of a workspace.

use cargo_provenance::audit::{
    Account, Audit, AuditKind, ByName, Config, Criterion, Exemption, Import, Imports, Origin, Policy,
    PolicyFor, Publication, Publisher, Requirement, SAFE_TO_DEPLOY, SAFE_TO_RUN, Set, Store, StoreVersion,
    Trust, Unpublished, VetVersion, Wildcard,
};
use cargo_provenance::model::Date;

use crate::chance::Chance;
use crate::workspace::{NAMES, VERSIONS, Workspace};

/// The day of all judgments.
pub const TODAY: &str = "2026-11-25";

const NOTES: &[&str] = &[
    "",
    "plain",
    "a \"word\"",
    "two\nlines\n",
    "it's \"so\"\n",
    "C:\\dir",
    "bell \u{7}",
    "tab\t\r\n",
    "'''\n\"\"\"\\",
    "é✨",
];
const REQUIREMENTS: &[&str] =
    &["*", "=1.0.0", "<1.1.0", ">=1.1.0", "^2", "=1.2.0-rc.1", ">=1.2.0-rc.1, <2.0.0", "=3.0.0"];
const DATES: &[&str] = &["2020-01-01", "2024-02-29", "2025-06-01", "2026-01-01", "2026-11-25", "2027-11-25"];

/// What a store tends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tendency {
    /// Something is said for each package that is used.
    Generous,
    /// What is said is left to chance.
    Sparse,
    /// Generous, and some versions are forbidden.
    Torn,
}

/// A store for a workspace.
pub fn store(workspace: &Workspace, tendency: Tendency, chance: &mut Chance) -> Store {
    let mut writer = Writer { chance, workspace, criteria: vec![], imports: vec![] };
    let mut audits = Set { criteria: writer.criteria(), ..Set::default() };
    let config = Config {
        version: Some(StoreVersion { major: 0, minor: 10 }),
        default_criteria: None,
        imports: writer.imports(),
        policy: writer.policies(),
        exemptions: ByName::new(),
    };
    let mut store = Store { config, ..Store::default() };
    let sets = writer.imports.iter().map(|name| (name.clone(), Set::default()));
    store.imports = Imports { sets: sets.collect(), ..Imports::default() };
    std::mem::swap(&mut store.audits, &mut audits);
    for name in NAMES.iter().chain(&["beside", "gnu", "app"]) {
        for _ in 0..writer.chance.below(if tendency == Tendency::Sparse { 7 } else { 3 }) {
            writer.any(&mut store, name);
        }
    }
    if tendency != Tendency::Sparse {
        let packages = workspace.tree.packages.clone();
        for package in packages.iter().filter(|package| !package.is_member) {
            if writer.chance.percent(1) {
                continue;
            }
            writer.proof(&mut store, &package.name, &package.version);
        }
    }
    let violations = match tendency {
        Tendency::Torn => 1 + writer.chance.below(2),
        _ => usize::from(writer.chance.percent(6)),
    };
    for _ in 0..violations {
        writer.violation(&mut store);
    }
    writer.faults(&mut store);
    store
}

struct Writer<'a> {
    chance: &'a mut Chance,
    workspace: &'a Workspace,
    criteria: Vec<String>,
    imports: Vec<String>,
}

impl Writer<'_> {
    fn criteria(&mut self) -> ByName<Criterion> {
        self.criteria = vec![SAFE_TO_RUN.to_owned(), SAFE_TO_DEPLOY.to_owned()];
        let mut criteria = ByName::new();
        for name in ["crypto", "sound", "tested"] {
            if !self.chance.percent(40) {
                continue;
            }
            let implies = if self.chance.percent(50) { self.chance.some(&self.criteria, 2) } else { vec![] };
            let description = Some(self.notes());
            criteria.insert(name.to_owned(), Criterion { description, implies, ..Criterion::default() });
            self.criteria.push(name.to_owned());
        }
        criteria
    }

    fn imports(&mut self) -> ByName<Import> {
        let mut imports = ByName::new();
        for name in ["big", "small"] {
            if !self.chance.percent(60) {
                continue;
            }
            let mapped = ["theirs".to_owned(), "other".to_owned()].map(|name| (name, self.named(3)));
            let import = Import {
                urls: vec![format!("https://example.org/{name}/audits.toml")],
                exclude: if self.chance.percent(10) { vec!["fox".into()] } else { vec![] },
                criteria_map: if self.chance.percent(50) { mapped.into() } else { ByName::new() },
                line: 1,
            };
            imports.insert(name.to_owned(), import);
            self.imports.push(name.to_owned());
        }
        imports
    }

    fn policies(&mut self) -> ByName<PolicyFor> {
        let mut policies: ByName<PolicyFor> = ByName::new();
        let tree = self.workspace.tree.clone();
        for package in &tree.packages {
            let is_third_party = package.origin == Origin::CratesIo;
            if !self.chance.percent(if is_third_party { 6 } else { 45 }) {
                continue;
            }
            let audit_as = match self.chance.below(4) {
                0 => Some(true),
                1 => Some(false),
                _ => None,
            };
            let mut policy = Policy {
                audit_as_crates_io: audit_as.filter(|_| !package.is_member || self.chance.percent(20)),
                criteria: self.chance.percent(30).then(|| self.named(3)),
                dev_criteria: self.chance.percent(30).then(|| self.named(3)),
                ..Policy::default()
            };
            if self.chance.percent(15) {
                policy.criteria = Some(vec![]);
            }
            if self.chance.percent(40) {
                for _ in 0..1 + self.chance.below(4) {
                    let name = self.chance.of_all(NAMES).to_string();
                    let criteria = if self.chance.percent(20) { vec![] } else { self.named(3) };
                    policy.dependency_criteria.insert(name, criteria);
                }
            }
            if self.chance.percent(20) {
                policy.notes = Some(self.notes());
            }
            // All versions or none, unless a fault is wanted.
            let each = is_third_party != self.chance.percent(2);
            let same = tree.packages.iter().filter(|other| other.name == package.name);
            let versions = same.map(|same| (same.version.clone(), policy.clone())).collect();
            let for_all = if each { PolicyFor::Each(versions) } else { PolicyFor::Every(policy) };
            policies.insert(package.name.clone(), for_all);
        }
        policies
    }

    fn any(&mut self, store: &mut Store, name: &str) {
        let (version, other) = (self.version(), self.version());
        match self.chance.below(9) {
            0 | 1 => {
                let kind = AuditKind::Full(version);
                let audit = self.audit(kind);
                self.said(store, name, audit);
            }
            2..=4 => {
                let kind = AuditKind::Delta { from: version, to: other };
                let audit = self.audit(kind);
                self.said(store, name, audit);
            }
            5 => {
                let exemption = self.exemption(version);
                entry(&mut store.config.exemptions, name).push(exemption);
            }
            6 => {
                let unpublished = Unpublished { version, audited_as: other, line: 1 };
                entry(&mut store.imports.unpublished, name).push(unpublished);
            }
            _ => {
                let version = VetVersion { git: None, ..version };
                self.published(store, name, &version, None);
            }
        }
    }

    /// Says enough for a version, in one of several ways.
    fn proof(&mut self, store: &mut Store, name: &str, version: &VetVersion) {
        let all = self.criteria.iter().filter(|name| *name != SAFE_TO_RUN).cloned().collect::<Vec<_>>();
        let mut base = self.version();
        let kind = match self.chance.below(7) {
            0 | 1 => AuditKind::Full(version.clone()),
            2 => {
                let exemption = Exemption { criteria: all, ..self.exemption(version.clone()) };
                entry(&mut store.config.exemptions, name).push(exemption);
                return;
            }
            3 if version.git.is_none() => {
                self.published(store, name, version, Some(all));
                return;
            }
            4 => {
                base.git = None;
                let unpublished = Unpublished { version: version.clone(), audited_as: base.clone(), line: 1 };
                entry(&mut store.imports.unpublished, name).push(unpublished);
                AuditKind::Full(base)
            }
            way => {
                let full = Audit { criteria: all.clone(), ..self.audit(AuditKind::Full(base.clone())) };
                if way == 5 {
                    self.said(store, name, full);
                } else {
                    let exemption = Exemption { criteria: all.clone(), ..self.exemption(base.clone()) };
                    entry(&mut store.config.exemptions, name).push(exemption);
                }
                AuditKind::Delta { from: base, to: version.clone() }
            }
        };
        let audit = Audit { criteria: all, ..self.audit(kind) };
        self.said(store, name, audit);
    }

    fn said(&mut self, store: &mut Store, name: &str, audit: Audit) {
        match self.import() {
            // An import never has what its owner keeps, nor what is not asked for.
            Some(import)
                if audit.importable && !store.config.imports[&import].exclude.contains(&name.to_owned()) =>
            {
                let set = store.imports.sets.get_mut(&import).expect("an import");
                entry(&mut set.audits, name).push(audit);
            }
            _ => entry(&mut store.audits.audits, name).push(audit),
        }
    }

    fn published(&mut self, store: &mut Store, name: &str, version: &VetVersion, sure: Option<Vec<String>>) {
        let publisher = match self.chance.below(3) {
            0 => Publisher::Trusted("github:org/repo".into()),
            id => Publisher::User(id as u64),
        };
        let account = match &publisher {
            Publisher::Trusted(_) => None,
            Publisher::User(id) => Some(Account {
                login: ["", "ann", "bob"][*id as usize].to_owned(),
                name: (*id == 1).then(|| "Ann Other".to_owned()),
            }),
        };
        let when = self.date();
        let publication =
            Publication { version: version.clone(), when, publisher: publisher.clone(), account, line: 1 };
        entry(&mut store.imports.publications, name).push(publication);
        let (mut start, mut end) = (self.date(), self.date());
        let mut by = if self.chance.percent(80) { publisher.clone() } else { Publisher::User(1) };
        let criteria = match sure {
            Some(all) => {
                (start, end, by) = (date(DATES[0]), date(DATES[5]), publisher);
                // The last day itself does not count.
                let entry = store.imports.publications.get_mut(name).and_then(|all| all.last_mut());
                entry.expect("just pushed").when = date(DATES[self.chance.below(4)]);
                all
            }
            None => self.named(2),
        };
        let notes = self.chance.percent(20).then(|| self.notes());
        if self.chance.percent(50) {
            let trust =
                Trust { criteria, publisher: by, start, end, notes, aggregated_from: vec![], line: 1 };
            entry(&mut store.audits.trusted, name).push(trust);
            return;
        }
        let renew = self.chance.percent(20).then(|| self.chance.percent(50));
        let who = self.who();
        let wildcard = Wildcard {
            who,
            criteria,
            publisher: by,
            start,
            end,
            renew,
            notes,
            aggregated_from: vec![],
            line: 1,
        };
        let set = match self.import() {
            Some(import) => store.imports.sets.get_mut(&import).expect("an import"),
            None => &mut store.audits,
        };
        entry(&mut set.wildcards, name).push(wildcard);
    }

    fn violation(&mut self, store: &mut Store) {
        let names = self.workspace.tree.packages.iter().filter(|package| !package.is_member);
        let names = names.map(|package| package.name.clone()).collect::<Vec<_>>();
        let name = if names.is_empty() { "ant".to_owned() } else { self.chance.of_all(&names) };
        let requirement = Requirement::parse(self.chance.of_all(REQUIREMENTS)).expect("a requirement");
        let audit = self.audit(AuditKind::Violation(requirement));
        self.said(store, &name, audit);
    }

    /// Now and then something that is refused as a whole.
    fn faults(&mut self, store: &mut Store) {
        match self.chance.below(120) {
            0 => {
                store.config.imports.insert(
                    "new".into(),
                    Import { urls: vec!["https://example.org/".into()], ..Import::default() },
                );
            }
            1 => {
                let policy = PolicyFor::Every(Policy::default());
                store.config.policy.insert("nobody".into(), policy);
            }
            2 => {
                let mut exemption = self.exemption(self.workspace.tree.packages[0].version.clone());
                exemption.criteria = vec!["gone".into()];
                entry(&mut store.config.exemptions, "ant").push(exemption);
            }
            3 => {
                let implies = vec!["round".to_owned()];
                store.audits.criteria.insert("round".into(), Criterion { implies, ..Criterion::default() });
            }
            4 => {
                let wildcard = Wildcard {
                    who: vec![],
                    criteria: vec![SAFE_TO_RUN.into()],
                    publisher: Publisher::User(7),
                    start: date(DATES[0]),
                    end: date("2027-11-26"),
                    renew: None,
                    notes: None,
                    aggregated_from: vec![],
                    line: 1,
                };
                entry(&mut store.audits.wildcards, "ant").push(wildcard);
            }
            5 => store.config.version = Some(StoreVersion { major: 0, minor: 11 }),
            6 => {
                for index in 0..70 {
                    store.audits.criteria.insert(format!("c{index}"), Criterion::default());
                }
            }
            _ => {}
        }
    }

    fn audit(&mut self, kind: AuditKind) -> Audit {
        Audit {
            who: self.who(),
            criteria: self.named(2),
            kind,
            importable: !self.chance.percent(15),
            notes: self.chance.percent(20).then(|| self.notes()),
            aggregated_from: if self.chance.percent(10) {
                vec!["https://example.org/".into()]
            } else {
                vec![]
            },
            line: 1,
        }
    }

    fn exemption(&mut self, version: VetVersion) -> Exemption {
        let (suggest, notes) = (self.chance.percent(80), self.chance.percent(10).then(|| self.notes()));
        Exemption { version, criteria: self.named(2), suggest, notes, line: 1 }
    }

    fn import(&mut self) -> Option<String> {
        (!self.imports.is_empty() && self.chance.percent(40)).then(|| self.chance.of_all(&self.imports))
    }

    fn version(&mut self) -> VetVersion {
        let mut version = VetVersion::parse(self.chance.of_all(VERSIONS)).expect("a version");
        if self.chance.percent(10) {
            version.git = Some(self.workspace.commit.clone());
        }
        version
    }

    fn named(&mut self, most: usize) -> Vec<String> {
        self.chance.some(&self.criteria, most)
    }

    fn who(&mut self) -> Vec<String> {
        let all = [
            "A <a@example.org>",
            "B <b@example.org>",
            "C \"the third\" of a name that goes on and on <c@example.org>",
        ];
        if self.chance.percent(20) { vec![] } else { self.chance.some(&all.map(str::to_owned), 3) }
    }

    fn notes(&mut self) -> String {
        self.chance.of_all(NOTES).to_string()
    }

    fn date(&mut self) -> Date {
        date(self.chance.of_all(DATES))
    }
}

/// A date that is one.
pub fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn entry<'m, T>(all: &'m mut ByName<Vec<T>>, name: &str) -> &'m mut Vec<T> {
    all.entry(name.to_owned()).or_default()
}
