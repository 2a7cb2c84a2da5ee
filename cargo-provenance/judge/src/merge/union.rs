//! Unites what the sides say. Where they disagree, the less trusting word counts, and the disagreement is told.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::manifest::{Acceptance, Basis, Member, Pin, Trust, Vetted};
use provenance_build::{Manifest, PackageId, PackageName};

use super::salvage::{Pieces, Torn};

/// The union of the sides, and what was lost.
///
/// The policy's digest is that of the first side: it stands for no trust, and `pin` writes that of the policy as it is.
pub(super) fn unite(first: Pieces, others: Option<Pieces>) -> (Manifest, Vec<String>) {
    let (mut version, policy, mut expires) = (first.version, first.policy, first.expires.clone());
    let mut settings = BTreeMap::<String, Vec<String>>::new();
    let mut members = BTreeMap::<PackageName, Vec<Member>>::new();
    let mut pins = BTreeMap::<PackageId, Vec<Pin>>::new();
    let mut torn = Torns::default();
    for side in [first].into_iter().chain(others) {
        version = version.min(side.version);
        // The earlier of the last days; a side without one says nothing.
        expires = expires.into_iter().chain(side.expires).min();
        for (key, value) in side.settings {
            settings.entry(key).or_default().push(value);
        }
        for member in side.members {
            members.entry(member.name.clone()).or_default().push(member);
        }
        for pin in side.pins {
            pins.entry(pin.id()).or_default().push(pin);
        }
        torn.0.extend(side.torn);
    }

    let mut dropped = torn.told();
    let means = torn.by_name();
    let cargo_config = settings.into_iter().filter_map(|it| one_setting(it, &mut dropped)).collect();
    let mut packages = Vec::with_capacity(pins.len());
    for (id, copies) in pins {
        let pin = one_pin(&id, copies, &mut dropped);
        match pin {
            Some(pin) if means.reach(id.name.as_str(), Some(id.version.as_str())) => {
                dropped.push(format!(
                    "`{id}`: torn lines may mean it, so that it is proven again{}",
                    lost([&pin])
                ));
            }
            pin => packages.extend(pin),
        }
    }
    // In the manifest a source goes before a path.
    packages.sort_by(|a, b| (&a.name, &a.version, &a.origin).cmp(&(&b.name, &b.version, &b.origin)));
    // A member is not hashed, a pinned path package is: the pin is the less trusting of the two.
    let pinned =
        packages.iter().filter(|pin| pin.source().is_none()).map(|pin| &pin.name).collect::<BTreeSet<_>>();
    let mut united = Vec::with_capacity(members.len());
    for (name, copies) in members {
        let Some(member) = one_member(copies, &mut dropped) else { continue };
        let own = member.own.as_ref().map(|reason| format!(" (lost: it is the team's own, \"{reason}\")"));
        let own = own.unwrap_or_default();
        if pinned.contains(&name) {
            dropped.push(format!("member `{name}`: one side pins it as a third party's package{own}"));
        } else if means.reach(name.as_str(), None) {
            dropped.push(format!("member `{name}`: torn lines may mean it{own}"));
        } else {
            united.push(member);
        }
    }
    (Manifest { version, policy, expires, cargo_config, members: united, packages }, dropped)
}

/// The pin that copies of it agree on; none where they are about different bytes.
fn one_pin(id: &PackageId, copies: Vec<Pin>, dropped: &mut Vec<String>) -> Option<Pin> {
    let (first, others) = copies.split_first()?;
    if others.iter().any(|other| bytes(other) != bytes(first)) {
        let lost = lost(&copies);
        dropped.push(format!("`{id}`: the sides pin different bytes, so that it is proven again{lost}"));
        return None;
    }
    let mut pin = first.clone();
    for other in others {
        if other.trust != pin.trust {
            let weaker = weaker(&pin.trust, &other.trust);
            dropped.push(format!(
                "`{id}`: the sides trust it differently ({}, {}), so that the weaker ground is kept ({})",
                shown(&pin.trust),
                shown(&other.trust),
                shown(&weaker)
            ));
            pin.trust = weaker;
        }
        if other.vetted != pin.vetted {
            let older = if judged(&other.vetted) < judged(&pin.vetted) { &other.vetted } else { &pin.vetted };
            dropped.push(format!(
                "`{id}`: it was vetted differently on the sides, so that the older checks count"
            ));
            pin.vetted = older.clone();
        }
        // What one side compared holds for the same bytes on the other; two that name different commits were not both right.
        match (&pin.repository, &other.repository) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                dropped.push(format!(
                    "`{id}`: the sides name different commits that hold the same files, so that none is kept"
                ));
                pin.repository = None;
            }
            (None, Some(theirs)) => pin.repository = Some(theirs.clone()),
            _ => {}
        }
        pin.accepted.extend(other.accepted.iter().cloned());
        // What one side looked at again is no longer what was there at `init`.
        pin.baseline.retain(|known| other.baseline.contains(known));
    }
    pin.accepted.sort();
    pin.accepted.dedup();
    Some(pin)
}

/// What a pin says about the package itself: what follows from its bytes and from where they come.
fn bytes(pin: &Pin) -> impl PartialEq {
    let Pin { origin, checksum, tree, vendor_tree, build_time, .. } = pin.clone();
    (origin, checksum, tree, vendor_tree, build_time)
}

/// The weaker of two grounds. Equal grounds with other criteria or other vouchers say nothing together: nobody looked.
fn weaker(one: &Trust, other: &Trust) -> Trust {
    match strength(one.basis).cmp(&strength(other.basis)) {
        std::cmp::Ordering::Less => one.clone(),
        std::cmp::Ordering::Equal => Trust::on(Basis::Baseline),
        std::cmp::Ordering::Greater => other.clone(),
    }
}

/// The order of grounds: nobody looked, a person let a finding pass, no check found anything, somebody vouches for
/// whoever published it, somebody read it.
fn strength(basis: Basis) -> u8 {
    match basis {
        Basis::Baseline => 0,
        Basis::Accepted => 1,
        Basis::Policy => 2,
        Basis::Publisher => 3,
        Basis::Audit => 4,
    }
}

fn shown(trust: &Trust) -> String {
    let criteria = trust.criteria.as_ref().map(|criteria| format!(" {criteria}")).unwrap_or_default();
    let from = if trust.from.is_empty() { String::new() } else { format!(" from {}", trust.from.join(", ")) };
    format!("{}{criteria}{from}", trust.basis.as_str())
}

/// How far the checks went; not vetted at all is least.
fn judged(vetted: &Option<Vetted>) -> Option<(u32, Option<&str>)> {
    vetted.as_ref().map(|vetted| (vetted.checks, vetted.advisories.as_deref()))
}

/// The acceptances that go with pins, for the end of a message.
fn lost<'p>(pins: impl IntoIterator<Item = &'p Pin>) -> String {
    let acceptances = pins.into_iter().flat_map(|pin| &pin.accepted).collect::<BTreeSet<_>>();
    let shown = |Acceptance { check, id, by, on, reason }: &Acceptance| {
        let id = id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        format!("`{check}{id}` accepted by {by} on {on}, \"{reason}\"")
    };
    let shown = acceptances.into_iter().map(shown).collect::<Vec<_>>();
    if shown.is_empty() { String::new() } else { format!(" (lost: {})", shown.join("; ")) }
}

fn one_setting((key, values): (String, Vec<String>), dropped: &mut Vec<String>) -> Option<(String, String)> {
    let (first, others) = values.split_first()?;
    if others.iter().any(|other| other != first) {
        dropped.push(format!("cargo setting `{key}`: the sides record different values"));
        return None;
    }
    Some((key, first.clone()))
}

/// The member that copies of it agree on. Being the team's own is trust: it counts only where all copies say so alike.
fn one_member(copies: Vec<Member>, dropped: &mut Vec<String>) -> Option<Member> {
    let (first, others) = copies.split_first()?;
    let name = &first.name;
    let reasons = copies.iter().filter_map(|member| member.own.as_deref()).collect::<BTreeSet<_>>();
    let reasons = reasons.into_iter().map(|reason| format!("\"{reason}\"")).collect::<Vec<_>>().join("; ");
    if others.iter().any(|other| other.path != first.path) {
        let own =
            if reasons.is_empty() { reasons } else { format!(" (lost: it is the team's own, {reasons})") };
        dropped.push(format!("member `{name}`: the sides have it in different directories{own}"));
        return None;
    }
    let mut member = first.clone();
    if others.iter().any(|other| other.own != first.own) {
        dropped.push(format!(
            "member `{name}`: the sides disagree whether or why it is the team's own ({reasons})"
        ));
        member.own = None;
    }
    Some(member)
}

/// Everything that is torn.
#[derive(Default)]
struct Torns(Vec<Torn>);

/// The names that torn lines mention, each with the versions that may be meant; `None` for all of them.
struct ByName<'t>(BTreeMap<&'t str, Option<BTreeSet<&'t str>>>);

impl Torns {
    fn told(&self) -> Vec<String> {
        let told = |torn: &Torn| {
            let lost = torn.acceptances.join("; ");
            let lost = if lost.is_empty() { lost } else { format!(" (lost: {lost})") };
            let names = torn.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let names = if names.is_empty() { names } else { format!(", which name {names}") };
            format!("the lines from {} on{names}: the merge tore them{lost}", torn.line)
        };
        // Lines outside the conflicts stand in both sides, and are told once.
        self.0.iter().map(|torn| (torn.line, told(torn))).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    fn by_name(&self) -> ByName<'_> {
        let mut by_name = BTreeMap::new();
        for Torn { names, versions, .. } in &self.0 {
            for name in names {
                let meant = by_name.entry(name.as_str()).or_insert_with(|| Some(BTreeSet::new()));
                // Among several names nobody knows which version goes with which.
                match meant {
                    Some(meant) if names.len() == 1 && !versions.is_empty() => {
                        meant.extend(versions.iter().map(String::as_str));
                    }
                    _ => *meant = None,
                }
            }
        }
        ByName(by_name)
    }
}

impl ByName<'_> {
    /// Whether torn lines may mean the package of this name, and of this version where that matters.
    fn reach(&self, name: &str, version: Option<&str>) -> bool {
        let meant = |meant: &Option<BTreeSet<&str>>| match (meant, version) {
            (Some(meant), Some(version)) => meant.contains(version),
            _ => true,
        };
        self.0.get(name).is_some_and(meant)
    }
}
