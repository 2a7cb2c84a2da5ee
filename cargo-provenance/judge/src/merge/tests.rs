//! Merges the way git leaves them, and what must come out of each.

use std::collections::BTreeMap;

use proptest::prelude::*;
use provenance_build::manifest::{Acceptance, Basis, FILE_NAME, Line, Member, Origin, Pin, Trust, Vetted};
use provenance_build::name::CRATES_IO;
use provenance_build::{Checksum, PackageName, Source, TreeDigest, Version};

use super::*;
use crate::model::{Fate, Lines};

fn file() -> &'static Path {
    Path::new(FILE_NAME)
}

fn heal(text: &str) -> Result<Healed, String> {
    super::heal(text, file()).map_err(|error| error.to_string())
}

fn name(text: &str) -> PackageName {
    PackageName::parse(text).expect("a name")
}

/// A pin whose bytes follow from `seed`.
fn pin(package: &str, seed: u8) -> Pin {
    Pin {
        name: name(package),
        version: Version::parse("1.0.0").expect("a version"),
        origin: Origin::Source(Source::parse(CRATES_IO).expect("a source")),
        checksum: Some(Checksum::from_bytes([seed; 32])),
        tree: TreeDigest::from_bytes([seed; 32]),
        vendor_tree: None,
        build_time: vec![],
        trust: Trust::on(Basis::Policy),
        vetted: Some(Vetted { checks: 1, advisories: None }),
        repository: None,
        accepted: vec![],
        baseline: vec![],
        line: Line(0),
    }
}

fn accepting(mut pin: Pin, check: &str) -> Pin {
    let (by, on) = ("me".to_owned(), "2026-11-22".to_owned());
    pin.accepted.push(Acceptance { check: check.to_owned(), id: None, by, on, reason: "read it".to_owned() });
    pin
}

fn trusting(mut pin: Pin, basis: Basis) -> Pin {
    pin.trust = Trust::on(basis);
    pin
}

fn manifest(packages: impl IntoIterator<Item = Pin>) -> Manifest {
    Manifest {
        version: 1,
        policy: Checksum::from_bytes([9; 32]),
        expires: None,
        cargo_config: BTreeMap::new(),
        members: vec![Member { name: name("app"), path: ".".to_owned(), own: None }],
        packages: packages.into_iter().collect(),
    }
}

/// A conflicted text the way `git merge` writes one; with a base, the way of `diff3`.
fn conflict(ours: &str, theirs: &str, base: Option<&str>) -> String {
    let mut text = String::new();
    let (mut left, mut right) = (String::new(), String::new());
    let flush = |text: &mut String, left: &mut String, right: &mut String| {
        if !left.is_empty() || !right.is_empty() {
            let base = base.map(|base| format!("||||||| 0123456\n{base}")).unwrap_or_default();
            *text += &format!("<<<<<<< HEAD\n{left}{base}=======\n{right}>>>>>>> theirs\n");
            left.clear();
            right.clear();
        }
    };
    if ours == theirs {
        return ours.to_owned();
    }
    for stretch in Lines::compare(ours, theirs).stretches(usize::MAX) {
        for (fate, line) in stretch.lines {
            match fate {
                Fate::Gone => left += line,
                Fate::New => right += line,
                Fate::Kept => {
                    flush(&mut text, &mut left, &mut right);
                    text += line;
                }
            }
        }
    }
    flush(&mut text, &mut left, &mut right);
    text
}

fn merged(ours: &Manifest, theirs: &Manifest) -> Healed {
    heal(&conflict(&ours.to_text(), &theirs.to_text(), None)).expect("healed")
}

#[test]
fn two_branches_that_added_pins_and_acceptances_lose_nothing() {
    let shared = pin("middle", 1);
    let ours = manifest([accepting(pin("left", 2), "a"), accepting(shared.clone(), "ours")]);
    let theirs =
        manifest([accepting(pin("light", 3), "b"), accepting(shared.clone(), "theirs"), pin("z", 4)]);
    let both = accepting(accepting(shared, "ours"), "theirs");
    let union = [accepting(pin("left", 2), "a"), accepting(pin("light", 3), "b"), both, pin("z", 4)];

    let plain = conflict(&ours.to_text(), &theirs.to_text(), None);
    let gone = pin("gone", 7);
    let base = manifest([gone]).to_text();
    let diff3 = conflict(&ours.to_text(), &theirs.to_text(), Some(&base));
    let nested = conflict(&ours.to_text(), &theirs.to_text(), Some("<<<<<<<<< a\n=========\n>>>>>>>>> b\n"));
    let whole = format!("<<<<<<< HEAD\n{}=======\n{}>>>>>>> x\n", ours.to_text(), theirs.to_text());
    for text in [plain.replace('\n', "\r\n"), plain, diff3, nested, whole] {
        let healed = heal(&text).expect("healed");
        assert_eq!(healed.dropped, Vec::<String>::new(), "{text}");
        assert_eq!(healed.manifest, manifest(union.clone()), "{text}");
    }
}

#[test]
fn what_the_sides_disagree_about_is_weakened_or_lost_and_told() {
    let from = |basis, from: &str| Trust { from: vec![from.to_owned()], ..Trust::on(basis) };
    let with = |trust| Pin { trust, ..pin("a", 1) };
    let vetted = |vetted| Pin { vetted, ..pin("a", 1) };
    let compared = |with: &str| Pin { repository: Some(with.to_owned()), ..pin("a", 1) };
    let old = Some(Vetted { checks: 1, advisories: Some("2026-05-01".to_owned()) });
    let new = Some(Vetted { checks: 2, advisories: Some("2026-01-01".to_owned()) });
    let vendored = Pin { vendor_tree: Some(TreeDigest::from_bytes([5; 32])), ..pin("a", 1) };
    let cases = [
        (
            pin("a", 1),
            accepting(pin("a", 2), "x"),
            None,
            "pin different bytes, so that it is proven again (lost: `x` accepted by me",
        ),
        (pin("a", 1), vendored, None, "pin different bytes"),
        (
            trusting(pin("a", 1), Basis::Audit),
            accepting(trusting(pin("a", 1), Basis::Accepted), "x"),
            Some(accepting(trusting(pin("a", 1), Basis::Accepted), "x")),
            "trust it differently (audit, accepted), so that the weaker ground is kept (accepted)",
        ),
        (
            trusting(pin("a", 1), Basis::Baseline),
            trusting(pin("a", 1), Basis::Policy),
            Some(trusting(pin("a", 1), Basis::Baseline)),
            "(baseline, policy)",
        ),
        (
            with(from(Basis::Audit, "mozilla")),
            with(from(Basis::Audit, "evil")),
            Some(trusting(pin("a", 1), Basis::Baseline)),
            "(audit from mozilla, audit from evil)",
        ),
        (vetted(new.clone()), vetted(old.clone()), Some(vetted(old)), "the older checks count"),
        (vetted(None), vetted(new), Some(vetted(None)), "the older checks count"),
        (compared("u#1"), compared("u#2"), Some(pin("a", 1)), "the sides name different commits"),
    ];
    for (ours, theirs, kept, told) in cases {
        for (ours, theirs, mirrored) in [(&ours, &theirs, false), (&theirs, &ours, true)] {
            let healed =
                merged(&manifest([ours.clone(), pin("z", 9)]), &manifest([theirs.clone(), pin("z", 9)]));
            assert_eq!(healed.manifest, manifest(kept.clone().into_iter().chain([pin("z", 9)])), "{told}");
            assert_eq!(healed.dropped.len(), 1, "{:?}", healed.dropped);
            assert!(mirrored || healed.dropped[0].contains(told), "{:?}\n{told}", healed.dropped);
        }
    }
}

#[test]
fn a_repository_that_one_side_compared_with_is_kept() {
    let compared = Pin { repository: Some("https://example.org/a#1".to_owned()), ..pin("a", 1) };
    for (ours, theirs) in [(compared.clone(), pin("a", 1)), (pin("a", 1), compared.clone())] {
        let healed = merged(&manifest([ours, pin("z", 9)]), &manifest([theirs, pin("z", 9)]));
        assert_eq!(healed.manifest, manifest([compared.clone(), pin("z", 9)]));
        assert!(healed.dropped.is_empty(), "{:?}", healed.dropped);
    }
}

#[test]
fn members_and_settings_that_the_sides_disagree_about_are_lost_and_told() {
    let with = |path: &str, own: Option<&str>, setting: &str| {
        let mut manifest = manifest([]);
        let own = own.map(str::to_owned);
        manifest.members = vec![Member { name: name("app"), path: path.to_owned(), own }];
        manifest.cargo_config.insert("build.rustc".to_owned(), setting.to_owned());
        manifest.cargo_config.insert(format!("env.{setting}"), "\"1\"".to_owned());
        manifest
    };
    let healed = merged(&with(".", Some("ours"), "\"a\""), &with(".", None, "\"b\""));
    assert_eq!(healed.manifest.members[0].own, None);
    assert_eq!(healed.manifest.cargo_config.keys().collect::<Vec<_>>(), ["env.\"a\"", "env.\"b\""]);
    assert_eq!(
        healed.dropped,
        [
            "cargo setting `build.rustc`: the sides record different values",
            "member `app`: the sides disagree whether or why it is the team's own (\"ours\")"
        ]
    );
    let healed = merged(&with("a", Some("ours"), "1"), &with("b", None, "1"));
    assert_eq!(healed.manifest.members, []);
    assert_eq!(
        healed.dropped,
        ["member `app`: the sides have it in different directories (lost: it is the team's own, \"ours\")"]
    );
    // What one side hashes as a third party's, the other does not turn into a member.
    let path = Pin { origin: Origin::Path("app".to_owned()), checksum: None, ..pin("app", 1) };
    let pinned = Manifest { members: vec![], ..manifest([path.clone()]) };
    let healed = merged(&with("app", Some("ours"), "1"), &pinned);
    assert_eq!((healed.manifest.members.len(), &healed.manifest.packages), (0, &vec![path]));
    assert_eq!(
        healed.dropped,
        ["member `app`: one side pins it as a third party's package (lost: it is the team's own, \"ours\")"]
    );
}

#[test]
fn a_torn_block_is_lost_with_every_pin_that_it_may_mean() {
    let ours = manifest([pin("a", 1), accepting(pin("torn", 2), "x"), pin("z", 3)]);
    let theirs = manifest([pin("a", 1), accepting(pin("torn", 2), "y"), pin("z", 3)]);
    let text = conflict(&ours.to_text(), &theirs.to_text(), None);
    // A clean merge of another hunk took the tree out of the block, for our side only.
    let tree = format!("tree = \"{}\"\n", TreeDigest::from_bytes([2; 32]));
    let torn = text.replace(&tree, &format!("<<<<<<< a\n=======\n{tree}>>>>>>> b\n"));
    let healed = heal(&torn).expect("healed");
    assert_eq!(healed.manifest, manifest([pin("a", 1), pin("z", 3)]));
    assert_eq!(healed.dropped.len(), 2, "{:?}", healed.dropped);
    let line = torn.split("[[package]]\nname = \"torn\"").next().expect("there").lines().count() + 1;
    let told =
        format!("the lines from {line} on, which name `torn`: the merge tore them (lost: {{ check = \"x\"");
    assert!(healed.dropped[0].starts_with(&told), "{:?}\n{told}", healed.dropped);
    assert!(
        healed.dropped[1]
            .starts_with("`torn v1.0.0`: torn lines may mean it, so that it is proven again (lost: `y`"),
        "{:?}",
        healed.dropped
    );

    // A header that got lost makes one block of two, and both are proven again.
    let text = conflict(&ours.to_text(), &theirs.to_text(), None);
    let torn = text.replace("\n[[package]]\nname = \"z\"", "\nname = \"z\"");
    let healed = heal(&torn).expect("healed");
    assert_eq!(healed.manifest, manifest([pin("a", 1)]));
}

#[test]
fn a_clean_merge_out_of_order_or_with_a_block_twice_is_healed() {
    let local = Pin { origin: Origin::Path("../c".to_owned()), checksum: None, ..pin("c", 4) };
    let sound = manifest([pin("a", 1), accepting(pin("b", 2), "x"), pin("c", 3), local]);
    let text = sound.to_text();
    let blocks = text.split("\n[[package]]").map(str::to_owned).collect::<Vec<_>>();
    let of = |order: &[usize]| {
        order.iter().map(|&at| blocks[at].clone()).collect::<Vec<_>>().join("\n[[package]]")
    };
    let expected = Healed { manifest: sound, dropped: vec![] };
    for order in [&[0, 1, 2, 3, 4][..], &[0, 4, 3, 1, 2], &[0, 1, 2, 2, 3, 4], &[0, 2, 1, 4, 3, 2]] {
        assert_eq!(heal(&of(order)).as_ref(), Ok(&expected), "{order:?}");
    }
    // Anything else is for the strict reader to refuse.
    let twice = text.replace("[[package]]\nname = \"b\"", "[[package]]\nname = \"a\"");
    for bad in [
        of(&[0, 1, 2, 3, 4]).replace("tree", "treee"),
        text.replace('\n', "\r\n"),
        twice.replace(&Checksum::from_bytes([2; 32]).to_string(), &Checksum::from_bytes([1; 32]).to_string()),
        text.replace("reason = \"read it\"", "reason = \"\\u0041\""),
        text.trim_end().to_owned(),
    ] {
        let strict = Manifest::parse(bad.as_bytes(), file()).expect_err("refused").to_string();
        assert_eq!(heal(&bad), Err(strict), "{bad}");
    }
}

#[test]
fn garbage_is_refused_with_its_line() {
    let text = manifest([pin("a", 1)]).to_text();
    let cases = [
        (String::new(), "Provenance.lock:1: "),
        ("garbage".to_owned(), "Provenance.lock:1: "),
        (format!("<<<<<<< a\n{text}"), "Provenance.lock:1: a conflict that does not end"),
        (format!("{text}=======\n"), "a conflict marker without its counterpart"),
        (format!("{text}<<<<<<< a\n<<<<<<< a\n"), "a conflict marker without its counterpart"),
        (format!("<<<<<<< a\n{text}=======\n>>>>>>> b\n"), "Provenance.lock:"),
        ("<<<<<<< a\n=======\n>>>>>>> b\n".to_owned(), "Provenance.lock:"),
        (
            format!(
                "<<<<<<< a\n{text}=======\n{}>>>>>>> b\n",
                text.replace("version = 1\n", "version = 2\n")
            ),
            ": unknown format 2",
        ),
    ];
    for (text, told) in cases {
        let error = heal(&text).expect_err(told);
        assert!(error.contains(told), "{error}\n{told}");
    }
}

fn any_pin() -> impl Strategy<Value = Pin> {
    let grounds = prop::sample::select(vec![Basis::Accepted, Basis::Baseline, Basis::Policy]);
    ("[a-e]", 0u8..2, grounds, prop::collection::vec("[x-z]", 0..3)).prop_map(
        |(name, seed, basis, checks)| {
            let mut pin = trusting(pin(&name, seed), basis);
            for check in checks {
                pin = accepting(pin, &check);
            }
            pin.accepted.sort();
            pin.accepted.dedup();
            pin
        },
    )
}

fn any_manifest() -> impl Strategy<Value = Manifest> {
    prop::collection::vec(any_pin(), 0..6).prop_map(|mut pins| {
        pins.sort_by(|a, b| a.name.cmp(&b.name));
        pins.dedup_by(|a, b| a.name == b.name);
        manifest(pins)
    })
}

proptest! {
    #[test]
    fn nothing_comes_out_that_no_side_had_and_nothing_is_lost_silently(
        ours in any_manifest(), theirs in any_manifest(),
    ) {
        let healed = merged(&ours, &theirs);
        let same = |a: &Pin, b: &Pin| a.id() == b.id() && a.tree == b.tree && a.checksum == b.checksum;
        let sides = [&ours.packages, &theirs.packages];
        for pin in &healed.manifest.packages {
            prop_assert!(sides.iter().any(|side| side.iter().any(|it| same(it, pin))));
            for acceptance in &pin.accepted {
                let had = |it: &Pin| same(it, pin) && it.accepted.contains(acceptance);
                prop_assert!(sides.iter().any(|side| side.iter().any(had)));
            }
        }
        for pin in sides.into_iter().flatten() {
            let told = healed.dropped.iter().any(|told| told.starts_with(&format!("`{}`", pin.id())));
            match healed.manifest.pin_for(&pin.id()) {
                Some(kept) => {
                    prop_assert!(told || kept.trust == pin.trust);
                    prop_assert!(pin.accepted.iter().all(|it| kept.accepted.contains(it)));
                }
                None => prop_assert!(told),
            }
        }
        // Healed once is healed.
        let again = heal(&healed.manifest.to_text());
        prop_assert_eq!(again, Ok(Healed { manifest: healed.manifest, dropped: vec![] }));
    }

    #[test]
    fn never_panics(text: String) {
        let _ = heal(&text);
    }

    #[test]
    fn never_panics_on_torn_lines(
        ours in any_manifest(), theirs in any_manifest(), lost in prop::collection::vec(0usize..60, 0..4),
    ) {
        let text = conflict(&ours.to_text(), &theirs.to_text(), None);
        let kept = text.lines().enumerate().filter(|(at, _)| !lost.contains(at));
        let text = kept.map(|(_, line)| format!("{line}\n")).collect::<String>();
        if let Ok(healed) = heal(&text) {
            let read = Manifest::parse(healed.manifest.to_text().as_bytes(), file()).expect("sound");
            prop_assert_eq!(read, healed.manifest);
        }
    }
}
