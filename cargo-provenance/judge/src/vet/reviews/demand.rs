//! What is required of each package, and where that comes from: what the policy asks of all, or what cargo-vet would ask of each.

use std::collections::BTreeMap;

use provenance_build::PackageId;

use super::Reviews;
use crate::audit::{
    self, Cause, Config, CriteriaSet, Derivation, Policy, PolicyFor, SAFE_TO_DEPLOY, Tree, derivation,
};
use crate::policy::AuditRules;

/// Reasons that are named of one package.
const REASONS: usize = 8;

/// Packages that are named on the way to one, at either end.
const WAY: usize = 3;

/// What is required of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// The criteria, without those that others of them imply; none where nothing is required.
    pub criteria: Vec<String>,
    /// Why, a line for each of them; where nothing is required, who says so.
    pub why: Vec<String>,
}

/// What is required of the packages of a lockfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    of: BTreeMap<PackageId, Demand>,
    /// Of what is not in it.
    beyond: Demand,
}

impl Demand {
    /// The criteria in one line.
    pub fn line(&self) -> String {
        self.criteria.join(", ")
    }
}

impl Demands {
    /// What is required of a package.
    pub fn of(&self, id: &PackageId) -> &Demand {
        self.of.get(id).unwrap_or(&self.beyond)
    }
}

/// By whose rules packages are asked for reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// `[audits] criteria` of the policy: the same of all, but for what only tests need.
    Policy { all: Vec<String>, dev: Option<Vec<String>> },
    /// What cargo-vet asks for.
    Store,
}

impl Rules {
    pub(super) fn of(rules: Option<&AuditRules>) -> Self {
        match rules.and_then(|rules| Some((rules.criteria.clone()?, rules.dev_criteria.clone()))) {
            Some((all, dev)) => Self::Policy { all, dev },
            None => Self::Store,
        }
    }

    /// All names of criteria in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &[String]> {
        let (all, dev) = match self {
            Self::Policy { all, dev } => (Some(all), dev.as_ref()),
            Self::Store => (None, None),
        };
        all.into_iter().chain(dev).map(Vec::as_slice)
    }

    /// What is required of a package of which nobody knows what needs it.
    pub(super) fn strictest(&self) -> Demand {
        let (criteria, why) = match self {
            Self::Policy { all, .. } => (all.clone(), "`[audits] criteria` asks it of every package"),
            Self::Store => (
                vec![SAFE_TO_DEPLOY.to_owned()],
                "it is not known yet what needs it: the most that may be required",
            ),
        };
        Demand { criteria, why: vec![why.to_owned()] }
    }
}

impl Reviews {
    /// Whether it depends on the others of the workspace what is required of a package.
    pub fn goes_by_the_tree(&self) -> bool {
        !matches!(self.asks, Rules::Policy { dev: None, .. })
    }

    /// What is required of the packages of a tree, each of which has the identity at its index; why that cannot be said, if so.
    /// What makes `cargo vet --locked` refuse a policy is never passed over.
    pub fn demands(&self, tree: &Tree, ids: &[&PackageId]) -> Result<Demands, String> {
        let faults = match self.asks == Rules::Store && !self.is_before {
            true => audit::policy_faults(&self.store, tree, &self.criteria),
            false => vec![],
        };
        if let [first, more @ ..] = &faults[..] {
            let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
            return Err(format!("{first}; {}{more}", first.help));
        }
        self.demanded(tree, ids)
    }

    /// The same, whether or not `cargo vet --locked` would take the policies that ask for it.
    pub fn demanded(&self, tree: &Tree, ids: &[&PackageId]) -> Result<Demands, String> {
        let beyond = self.asks.strictest();
        let (config, is_theirs) = match &self.asks {
            Rules::Policy { dev: None, .. } => return Ok(Demands { beyond, ..Demands::default() }),
            Rules::Policy { all, dev } => (of_members(tree, all, dev.as_ref()), false),
            Rules::Store => (self.store.config.clone(), true),
        };
        let unknown = |name: String| format!("a policy names `{name}`, which is no criterion of the store");
        let demands = tree.demands(&config, &self.criteria).map_err(unknown)?;
        let describing = Describing { reviews: self, tree, demands: &demands, is_theirs };
        let mut of = BTreeMap::new();
        for (index, (id, demand)) in ids.iter().zip(&demands).enumerate() {
            if let Some(demand) = demand {
                of.insert((*id).clone(), describing.demand(index, demand.criteria));
            }
        }
        // Whoever comes may be needed by any member.
        let members = tree.packages.iter().zip(&demands).filter(|(package, _)| package.is_member);
        let members = members.filter_map(|(_, demand)| demand.as_ref());
        let own = self.criteria.set(&beyond.criteria).map_err(|unknown| unknown.to_owned())?;
        let most = members.fold(own, |most, demand| most.union(demand.criteria));
        let criteria = self.criteria.minimal(most).into_iter().map(str::to_owned).collect();
        Ok(Demands { of, beyond: Demand { criteria, ..beyond } })
    }

    /// Whether something is required now that was not before, neither by name nor by what was.
    pub fn is_more(&self, now: &Demand, before: &Demand) -> bool {
        match (self.criteria.set(&now.criteria), self.criteria.set(&before.criteria)) {
            (Ok(now), Ok(before)) => !before.contains(now),
            _ => true,
        }
    }

    /// What to tell `certify` so that it records what is required: nothing where it does that by itself.
    pub fn flags(&self, demand: &Demand) -> String {
        let default = self.store.config.default_criteria.as_deref().unwrap_or(SAFE_TO_DEPLOY);
        match &demand.criteria[..] {
            [only] if only == default => String::new(),
            names => names.iter().map(|name| format!(" --criteria {}", as_word(name))).collect(),
        }
    }

    /// What is required of a package of which nobody knows what needs it.
    pub fn strictest(&self) -> Demand {
        self.asks.strictest()
    }
}

/// A name as one word of a command that people copy: a store can call a criterion what it likes.
fn as_word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "'\\''")),
    }
}

/// A configuration that asks the same of every member: what it must meet, and what its tests need.
fn of_members(tree: &Tree, all: &[String], dev: Option<&Vec<String>>) -> Config {
    let policy = Policy { criteria: Some(all.to_vec()), dev_criteria: dev.cloned(), ..Policy::default() };
    let members = tree.packages.iter().filter(|package| package.is_member);
    let policy = members.map(|member| (member.name.clone(), PolicyFor::Every(policy.clone()))).collect();
    Config { policy, ..Config::default() }
}

/// Where the reasons are put into words.
struct Describing<'a> {
    reviews: &'a Reviews,
    tree: &'a Tree,
    demands: &'a [Option<audit::Demand>],
    is_theirs: bool,
}

impl Describing<'_> {
    fn demand(&self, index: usize, criteria: CriteriaSet) -> Demand {
        let known = &self.reviews.criteria;
        let names = known.minimal(criteria).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let reasons = names.iter().map(|name| {
            let because = derivation(self.demands, index, known.index(name));
            format!("`{name}` is required {}", because.map_or_else(String::new, |it| self.because(&it)))
        });
        let mut why = reasons.take(REASONS).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        if names.is_empty() {
            let because = derivation(self.demands, index, None).map(|it| self.because(&it));
            why.push(
                format!("nothing is required of it {}", because.unwrap_or_default()).trim_end().to_owned(),
            );
        }
        Demand { criteria: names, why }
    }

    fn name(&self, index: usize) -> &str {
        self.tree.packages.get(index).map_or("", |package| package.name.as_str())
    }

    fn place(&self, line: u32) -> String {
        match self.is_theirs {
            true => format!("{}:{line}", self.reviews.own("config.toml")),
            false => "`[audits]` of the policy".to_owned(),
        }
    }

    fn because(&self, derivation: &Derivation) -> String {
        let Derivation { cause, way } = derivation;
        let first = way.first().copied().unwrap_or_default();
        let beyond = |names: &[usize]| match names {
            [] => String::new(),
            names if names.len() > 2 * WAY => {
                let shown = |names: &[usize]| self.listed(names);
                let (head, tail) = (shown(&names[..WAY]), shown(&names[names.len() - WAY..]));
                format!(", by way of `{head} > … > {tail}`")
            }
            names => format!(", by way of `{}`", self.listed(names)),
        };
        // Neither where it began nor the package itself.
        let inner = way.get(1..way.len().saturating_sub(1)).unwrap_or_default();
        let from_first = &way[..way.len().saturating_sub(1)];
        match *cause {
            Cause::Dev { by, line } => {
                let place = line.map(|line| format!(" ({})", self.place(line))).unwrap_or_default();
                format!("as a dev-dependency of `{}`{place}{}", self.name(by), beyond(from_first))
            }
            Cause::Edge { by, line } => {
                let (by, place) = (self.name(by), self.place(line));
                format!("as a dependency of `{by}` by {place}{}", beyond(from_first))
            }
            Cause::Policy { line } if way.len() == 1 => format!("by {}", self.place(line)),
            Cause::Policy { line } => {
                format!("as a dependency of `{}` by {}{}", self.name(first), self.place(line), beyond(inner))
            }
            Cause::Root | Cause::Inherited { .. } if way.len() == 1 => "of what the team ships".to_owned(),
            Cause::Root | Cause::Inherited { .. } => {
                format!("as a dependency of `{}`{}", self.name(first), beyond(inner))
            }
        }
    }

    fn listed(&self, names: &[usize]) -> String {
        names.iter().map(|index| self.name(*index)).collect::<Vec<_>>().join(" > ")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::name::{CRATES_IO, PackageName, Source, Version};

    use super::super::Standing;
    use super::*;
    use crate::audit::{Origin, Store, TreePackage, VetVersion};
    use crate::model::{Date, Evidence};
    use crate::policy::{AuditRules, Required};
    use crate::vet::{Dossier, Way};

    const NAMES: [&str; 7] = ["app", "tool", "built", "tested", "deep", "shared", "stray"];

    /// `app` needs `built` and, for tests, `tested`; both need `deep`; `tested` alone needs `shared`; `tool` needs `shared` for its
    /// tests; nothing needs `stray`.
    fn tree() -> (Tree, Vec<PackageId>) {
        let edges: [(&[usize], &[usize]); 7] =
            [(&[2], &[3]), (&[], &[5]), (&[4], &[]), (&[4, 5], &[]), (&[], &[]), (&[], &[]), (&[], &[])];
        let packages = NAMES.iter().zip(edges).enumerate().map(|(index, (name, (built, dev)))| TreePackage {
            name: (*name).to_owned(),
            version: VetVersion::parse("1.0.0").expect("a version"),
            origin: if index < 2 { Origin::Path } else { Origin::CratesIo },
            is_member: index < 2,
            is_root: false,
            dependencies: built.to_vec(),
            dev_dependencies: dev.to_vec(),
        });
        let id = |(index, name): (usize, &&str)| PackageId {
            name: PackageName::parse(name).expect(name),
            version: Version::parse("1.0.0").expect("a version"),
            source: (index > 1).then(|| Source::parse(CRATES_IO).expect("a source")),
        };
        (Tree::new(packages.collect()), NAMES.iter().enumerate().map(id).collect())
    }

    fn reviews(config: &str, rules: Option<&AuditRules>) -> Reviews {
        let audits = "[criteria.crypto]\nimplies = 'safe-to-deploy'\ndescription = 'x'\n[audits]\n";
        let store = Store::read(Path::new("supply-chain"), config.as_bytes(), audits.as_bytes(), b"");
        let today = Date::parse("2026-11-25").expect("a date");
        Reviews::new(store.expect("a store"), rules, BTreeMap::new(), today).expect("reviews")
    }

    fn demands(config: &str, rules: Option<&AuditRules>) -> Result<Vec<String>, String> {
        let (tree, ids) = tree();
        let demands = reviews(config, rules).demands(&tree, &ids.iter().collect::<Vec<_>>())?;
        Ok(ids.iter().map(|id| demands.of(id).line()).collect())
    }

    #[test]
    fn what_is_required_follows_from_who_needs_a_package() {
        let (run, deploy) = ("safe-to-run", "safe-to-deploy");
        let all = |text: &str| demands(text, None).expect(text);
        assert_eq!(all(""), [deploy, deploy, deploy, run, deploy, run, deploy]);
        let config = "[policy.app]\ncriteria = 'crypto'\ndev-criteria = 'safe-to-deploy'\n\
                      [policy.app.dependency-criteria]\nbuilt = 'safe-to-run'\n\
                      [policy.tool]\ncriteria = []\ndev-criteria = []\n\
                      [policy.'deep:1.0.0']\ncriteria = []\n";
        assert_eq!(all(config), ["crypto", "", run, deploy, "", deploy, "crypto"]);
    }

    #[test]
    fn one_demand_of_the_policy_replaces_all_of_cargo_vet() {
        let mut rules = AuditRules { criteria: Some(vec!["crypto".to_owned()]), ..AuditRules::default() };
        rules.required.value = Required::All;
        let config = "[policy.gone]\ncriteria = []\n";
        assert_eq!(demands(config, Some(&rules)).expect("no policy counts"), ["crypto"; 7]);
        rules.dev_criteria = Some(vec!["safe-to-run".to_owned()]);
        let found = demands(config, Some(&rules)).expect("no policy counts");
        let run = "safe-to-run";
        assert_eq!(found, ["crypto", "crypto", "crypto", run, "crypto", run, "crypto"]);
    }

    #[test]
    fn a_policy_that_makes_cargo_vet_fail_leaves_everything_undecided() {
        for (config, why) in [
            (
                "[policy.gone]\ncriteria = []\n",
                "supply-chain/config.toml:1: the policy for `gone` is for no package",
            ),
            (
                "[policy.deep]\ncriteria = []\n",
                "config.toml:1: `deep` comes from crates.io and has no policy for 1.0.0",
            ),
            (
                "[policy.'deep:2.0.0']\ncriteria = []\n",
                "the policy for `deep` is for no package of the workspace",
            ),
            (
                "[policy.app]\ncriteria = 'none'\n",
                "supply-chain/config.toml:1: `none` is no criterion of the store",
            ),
        ] {
            let error = demands(config, None).expect_err(config);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_reason_names_the_members_and_the_lines() {
        let config = "[policy.app]\ndev-criteria = 'safe-to-run'\n\n[policy.app.dependency-criteria]\nbuilt = []\n\
                      [policy.tool]\ncriteria = []\n";
        let (tree, ids) = tree();
        let why = |config: &str, index: usize| {
            let ids = ids.iter().collect::<Vec<_>>();
            reviews(config, None).demands(&tree, &ids).expect(config).of(ids[index]).why.join("; ")
        };
        for (config, index, expected) in [
            ("", 2, "`safe-to-deploy` is required as a dependency of `app`"),
            ("", 4, "`safe-to-deploy` is required as a dependency of `app`, by way of `built`"),
            ("", 3, "`safe-to-run` is required as a dev-dependency of `app`"),
            ("", 0, "`safe-to-deploy` is required of what the team ships"),
            (
                config,
                4,
                "`safe-to-run` is required as a dev-dependency of `app` (supply-chain/config.toml:1), by way of `tested`",
            ),
            (config, 2, "nothing is required of it as a dependency of `app` by supply-chain/config.toml:1"),
            (config, 1, "nothing is required of it by supply-chain/config.toml:6"),
            ("", 6, "it is not known yet what needs it: the most that may be required"),
        ] {
            assert_eq!(why(config, index), expected, "{index} {config}");
        }
    }

    #[test]
    fn a_policy_before_counts_without_its_faults() {
        let (tree, ids) = tree();
        let ids = ids.iter().collect::<Vec<_>>();
        let now = reviews("[policy.'built:1.0.0']\ncriteria = []\n", None);
        assert_eq!(now.demands(&tree, &ids).expect("now").of(ids[2]).line(), "");
        let before = reviews("[policy.gone]\ncriteria = []\n", None);
        let held = now.held_to(None, &before.store.config.policy, vec![]).expect("before");
        assert_eq!(held.demands(&tree, &ids).expect("before").of(ids[2]).line(), "safe-to-deploy");
    }

    #[test]
    fn what_is_implied_by_what_was_required_is_no_more() {
        let reviews = reviews("", None);
        let demand = |names: &[&str]| Demand {
            criteria: names.iter().map(|name| (*name).to_owned()).collect(),
            why: vec![],
        };
        for (now, before, expected) in [
            (&["safe-to-deploy"][..], &["safe-to-run"][..], true),
            (&["safe-to-run"], &["safe-to-deploy"], false),
            (&["safe-to-deploy"], &["crypto"], false),
            (&["safe-to-run"], &[], true),
            (&[], &[], false),
            (&["gone"], &["gone"], true),
        ] {
            assert_eq!(reviews.is_more(&demand(now), &demand(before)), expected, "{now:?} {before:?}");
        }
    }

    #[test]
    fn of_what_nothing_is_required_nobody_vouches_and_a_warning_counts_all_the_same() {
        let (_, ids) = tree();
        let free = Demand { criteria: vec![], why: vec!["by line 3".to_owned()] };
        let dossier = Dossier { demand: Evidence::Known(&free), ..Dossier::new(&ids[2], Way::Kept) };
        let opinion = reviews("", None).of(&dossier);
        assert!(matches!(opinion.standing, Standing::NotAsked(why) if why == ["by line 3"]));
        let audits = "[[audits.built]]\ncriteria = 'safe-to-run'\nviolation = '*'\n";
        let store = Store::read(Path::new("supply-chain"), b"", audits.as_bytes(), b"").expect("a store");
        let today = Date::parse("2026-11-25").expect("a date");
        let warning = Reviews::new(store, None, BTreeMap::new(), today).expect("reviews");
        assert_eq!(warning.of(&dossier).violations.len(), 1);
    }

    #[test]
    fn a_criterion_that_is_a_command_is_one_word_of_the_one_to_copy() {
        for (name, flags) in [
            ("safe-to-run", " --criteria safe-to-run"),
            ("x; touch 'y'", r" --criteria 'x; touch '\''y'\'''"),
        ] {
            let demand = Demand { criteria: vec![name.to_owned()], why: vec![] };
            assert_eq!(reviews("", None).flags(&demand), flags);
        }
    }

    #[test]
    fn a_chain_of_thousands_of_packages_is_explained_at_once() {
        const NUMBER: usize = 3_000;
        let (version, next) = (VetVersion::parse("1.0.0").expect("a version"), |index| index + 1);
        let packages = (0..NUMBER).map(|index| TreePackage {
            name: format!("p{index}"),
            version: version.clone(),
            origin: if index == 0 { Origin::Path } else { Origin::CratesIo },
            is_member: index == 0,
            is_root: index == 0,
            dependencies: Some(next(index)).filter(|next| *next < NUMBER).into_iter().collect(),
            dev_dependencies: vec![],
        });
        let ids = (0..NUMBER).map(|index| PackageId {
            name: PackageName::parse(&format!("p{index}")).expect("a name"),
            version: Version::parse("1.0.0").expect("a version"),
            source: if index == 0 { None } else { Source::parse(CRATES_IO) },
        });
        let ids = ids.collect::<Vec<_>>();
        let demands =
            reviews("", None).demands(&Tree::new(packages.collect()), &ids.iter().collect::<Vec<_>>());
        let demands = demands.expect("demands");
        let last = demands.of(&ids[NUMBER - 1]);
        assert_eq!(
            last.why,
            [
                "`safe-to-deploy` is required as a dependency of `p0`, by way of `p1 > p2 > p3 > … > p2996 > p2997 > p2998`"
            ]
        );
    }
}
