//! What bindings and signatures take out, by the attack that each is against.

use std::collections::BTreeMap;
use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use provenance_build::PackageId;
use provenance_build::name::{CRATES_IO, PackageName, Source, Version};
use provenance_build::signing::sshsig;

use super::super::{Reviews, Standing};
use super::*;
use crate::audit::{AUDIT_NAMESPACE, Store};
use crate::model::Date;
use crate::policy::Policy;
use crate::vet::{Dossier, Way};

const REVIEW: &str =
    "[[audits.a]]\nwho = 'Ann <ann@example.org>'\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
const DELTA: &str =
    "[[audits.a]]\nwho = 'Ann <ann@example.org>'\ncriteria = 'safe-to-deploy'\ndelta = '1.0.0 -> 1.1.0'\n";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().as_bytes()).expect("a key")
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

/// The binding of a review to the archive and the tree that are named by a byte.
fn binding(review: &str, from: Option<u8>, to: u8) -> String {
    let (_, fields) = review.split_once("]]\n").expect("a review");
    let from = from.map(|from| format!("from-checksum = 'sha256:{0}'\nfrom-tree = 'b3:{0}'\n", hex(from)));
    let to = format!("checksum = 'sha256:{0}'\ntree = 'b3:{0}'\non = '2026-11-20'\n", hex(to));
    format!("[[bindings.a]]\n{fields}{}{to}", from.unwrap_or_default())
}

fn bindings(list: &[String]) -> Bindings {
    let text = format!("version = 1\n{}", list.concat());
    Bindings::read(text.as_bytes(), Path::new("bindings.toml")).expect("bindings")
}

fn sign(bindings: &mut Bindings, index: usize, seed: u8) {
    let binding = &mut bindings.crates.get_mut("a").expect("a crate")[index];
    let data = sshsig::signed_data(AUDIT_NAMESPACE, sshsig::Hash::Sha512, binding.text("a").as_bytes());
    let signature = key(seed).sign(&data).to_bytes();
    binding.signatures.push(sshsig::armor(&public(seed), AUDIT_NAMESPACE, &signature));
}

fn policy(audits: &str) -> Policy {
    let keys = [("ann", "Ann <ann@example.org>", 1), ("bob", "Bob <bob@example.org>", 2)];
    let auditors = keys.map(|(name, who, seed)| {
        format!("[audits.auditor.{name}]\nwho = \"{who}\"\nkeys = \"{}\"\n", public(seed))
    });
    let text = format!("version = 1\n[audits]\n{audits}\n{}", auditors.concat());
    Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), crate::vet::catalogue()).expect("a policy")
}

fn reviews(audits: &str, bindings: Bindings, rules: &str) -> Reviews {
    let store = Store::read(Path::new("supply-chain"), b"", audits.as_bytes(), b"").expect("a store");
    let today = Date::parse("2026-11-25").expect("a date");
    let policy = policy(rules);
    Reviews::new(store, policy.audits(), BTreeMap::new(), today).expect("reviews").bound(bindings, vec![]).0
}

fn id(version: &str, source: &str) -> PackageId {
    PackageId {
        name: PackageName::parse("a").expect("a name"),
        version: Version::parse(version).expect("a version"),
        source: Source::parse(source),
    }
}

fn known(checksum: u8, tree: Option<u8>) -> Known {
    Known {
        checksum: Some(Checksum::from_bytes([checksum; 32])),
        tree: tree.map(|tree| TreeDigest::from_bytes([tree; 32])),
    }
}

/// Why a version is not proven; nothing where it is.
fn why(reviews: &Reviews, version: &str, known: &Known) -> Option<String> {
    match reviews.of(&Dossier { bytes: *known, ..Dossier::new(&id(version, CRATES_IO), Way::Kept) }).standing
    {
        Standing::Proven(_) => None,
        Standing::Open(missing) => Some(missing.why.join("\n")),
        Standing::NotAsked(why) => panic!("{why:?}"),
    }
}

#[track_caller]
fn refused(reviews: &Reviews, version: &str, known: &Known, said: &str) {
    let why = why(reviews, version, known).expect("it is refused");
    assert!(why.contains(said), "{why}\n{said}");
}

#[test]
fn a_review_counts_for_the_bytes_that_were_looked_at() {
    let reviews = reviews(REVIEW, bindings(&[binding(REVIEW, None, 1)]), "");
    assert_eq!(why(&reviews, "1.0.0", &known(1, None)), None);
    assert_eq!(why(&reviews, "1.0.0", &known(1, Some(1))), None);
    let said = "(`supply-chain/audits.toml`, line 1) does not count: it is of other bytes (supply-chain/bindings.toml:2)";
    for other in [known(9, None), known(9, Some(1)), known(1, Some(9))] {
        refused(&reviews, "1.0.0", &other, said);
        assert_eq!(reviews.of_other_bytes(&id("1.0.0", CRATES_IO), &other).len(), 1, "{other:?}");
        assert_eq!(reviews.of_other_bytes(&id("1.0.1", CRATES_IO), &other), [], "{other:?}");
    }
    // From elsewhere it is another package of that name, whoever has the same tree.
    assert_eq!(reviews.of_other_bytes(&id("1.0.0", "sparse+https://h/i/"), &known(9, Some(9))), []);
}

#[test]
fn of_a_git_package_the_tree_decides() {
    let commit = "c".repeat(40);
    let review = REVIEW.replace("'1.0.0'", &format!("'1.0.0@git:{commit}'"));
    let bound = binding(&review, None, 1).replace(&format!("checksum = 'sha256:{}'\n", hex(1)), "");
    let reviews = reviews(&review, bindings(&[bound]), "");
    let id = id("1.0.0", &format!("git+https://h/r#{commit}"));
    let tree = |tree| Known { checksum: None, tree: Some(TreeDigest::from_bytes([tree; 32])) };
    assert_eq!(reviews.of_other_bytes(&id, &Known::default()), []);
    assert_eq!(reviews.of_other_bytes(&id, &tree(1)), []);
    let found = reviews.of_other_bytes(&id, &tree(9));
    assert_eq!(found.len(), 1);
    assert!(found[0].what.starts_with("the tree was b3:01"), "{found:?}");
}

#[test]
fn what_changed_since_other_bytes_says_nothing_about_these() {
    let audits = format!("{REVIEW}{DELTA}");
    let chain = |from| bindings(&[binding(REVIEW, None, 1), binding(DELTA, Some(from), 2)]);
    let same = reviews(&audits, chain(1), "");
    assert_eq!(why(&same, "1.1.0", &known(2, None)), None);
    let other = reviews(&audits, chain(9), "");
    refused(&other, "1.1.0", &known(2, None), "another review saw other bytes of 1.0.0");
    // Whoever reviewed the change was shown another 1.0.0.
    assert_eq!(other.of_other_bytes(&id("1.0.0", CRATES_IO), &known(1, None)).len(), 1);
}

#[test]
fn where_bytes_are_asked_for_removing_the_bindings_does_not_weaken() {
    let bound = reviews(REVIEW, bindings(&[binding(REVIEW, None, 1)]), "bound = true");
    assert_eq!(why(&bound, "1.0.0", &known(1, None)), None);
    let removed = reviews(REVIEW, Bindings::default(), "bound = true");
    refused(&removed, "1.0.0", &known(1, None), "nothing says which bytes were looked at");
    let removed = reviews(REVIEW, Bindings::default(), "signed = true");
    refused(&removed, "1.0.0", &known(1, None), "it is not signed");
    assert_eq!(why(&reviews(REVIEW, Bindings::default(), ""), "1.0.0", &known(9, None)), None);
    // Neither does moving over to an entry that is about all that somebody publishes.
    let wildcard = "[audits]\n[[wildcard-audits.a]]\nwho = 'Ann'\ncriteria = 'safe-to-deploy'\nuser-id = 1\n\
                    start = '2020-01-01'\nend = '2027-01-01'\n";
    for rules in ["bound = true", "signed = true"] {
        assert!(why(&reviews(wildcard, Bindings::default(), rules), "1.0.0", &known(1, None)).is_some());
    }
}

#[test]
fn an_entry_that_was_edited_after_it_was_signed_does_not_count() {
    let mut good = bindings(&[binding(REVIEW, None, 1)]);
    sign(&mut good, 0, 1);
    assert_eq!(why(&reviews(REVIEW, good.clone(), "signed = true"), "1.0.0", &known(1, None)), None);
    // In both files, so that they fit each other again; whether the policy asks for signatures or not.
    for (old, new) in [("safe-to-run", "safe-to-deploy"), ("'1.0.0'", "'1.1.0'")] {
        let weaker = REVIEW.replace(new, old);
        let (signed, edited) =
            if old == "safe-to-run" { (&*weaker, REVIEW) } else { (REVIEW, &*REVIEW.replace(old, new)) };
        let mut signed = bindings(&[binding(signed, None, 1)]);
        sign(&mut signed, 0, 1);
        let armor = signed.crates["a"][0].signatures.clone();
        let mut bindings = bindings(&[binding(edited, None, 1)]);
        bindings.crates.get_mut("a").expect("a crate")[0].signatures = armor;
        let version = if old == "safe-to-run" { "1.0.0" } else { "1.1.0" };
        for rules in ["", "signed = true"] {
            let reviews = reviews(edited, bindings.clone(), rules);
            refused(
                &reviews,
                version,
                &known(1, None),
                "a signature of it does not hold (supply-chain/bindings.toml:2)",
            );
        }
    }
    // In `audits.toml` alone, so that nothing belongs to the entry any more.
    let stronger = REVIEW.replace("safe-to-deploy", "safe-to-run");
    let mut signed = bindings(&[binding(&stronger, None, 1)]);
    sign(&mut signed, 0, 1);
    refused(&reviews(REVIEW, signed, "signed = true"), "1.0.0", &known(1, None), "it is not signed");
}

#[test]
fn a_signature_of_another_entry_does_not_count() {
    let newer = REVIEW.replace("1.0.0", "1.1.0");
    let mut both = bindings(&[binding(REVIEW, None, 1), binding(&newer, None, 2)]);
    sign(&mut both, 0, 1);
    let list = both.crates.get_mut("a").expect("a crate");
    list[1].signatures = list[0].signatures.clone();
    let reviews = reviews(&format!("{REVIEW}{newer}"), both, "signed = true");
    assert_eq!(why(&reviews, "1.0.0", &known(1, None)), None);
    refused(&reviews, "1.1.0", &known(2, None), "a signature of it does not hold");
}

#[test]
fn nobody_signs_in_the_name_of_another() {
    for (seed, who, said) in [
        (2, "'Ann <ann@example.org>'", "Ann <ann@example.org> did not sign it"),
        (3, "'Ann <ann@example.org>'", "Ann <ann@example.org> did not sign it"),
        (3, "'Eve <eve@example.org>'", "`Eve <eve@example.org>` is none of the policy's auditors"),
        (1, "['Ann <ann@example.org>', 'Bob <bob@example.org>']", "Bob <bob@example.org> did not sign it"),
    ] {
        let review = REVIEW.replace("'Ann <ann@example.org>'", who);
        let mut bindings = bindings(&[binding(&review, None, 1)]);
        sign(&mut bindings, 0, seed);
        refused(&reviews(&review, bindings, "signed = true"), "1.0.0", &known(1, None), said);
    }
    let both =
        REVIEW.replace("'Ann <ann@example.org>'", "['Ann <ann@example.org>', 'Bob <bob@example.org>']");
    let mut bindings = bindings(&[binding(&both, None, 1)]);
    sign(&mut bindings, 0, 1);
    sign(&mut bindings, 0, 2);
    assert_eq!(why(&reviews(&both, bindings, "signed = true"), "1.0.0", &known(1, None)), None);
}

#[test]
fn a_revoked_key_signs_nothing_any_more() {
    let mut signed = bindings(&[binding(REVIEW, None, 1)]);
    sign(&mut signed, 0, 1);
    let reviews = reviews(REVIEW, Bindings::default(), "signed = true");
    let (reviews, astray) = reviews.bound(signed, vec![public(1).fingerprint()]);
    assert_eq!(astray, [""; 0]);
    refused(&reviews, "1.0.0", &known(1, None), "is revoked");
}

#[test]
fn a_change_does_not_bring_a_revoked_key_back() {
    let mut signed = bindings(&[binding(REVIEW, None, 1)]);
    sign(&mut signed, 0, 1);
    let now = reviews(REVIEW, signed, "signed = true");
    assert_eq!(why(&now, "1.0.0", &known(1, None)), None);
    let (rules, none) = (policy("signed = true"), ByName::new());
    let held = |revoked| now.held_to(rules.audits(), &none, revoked).expect("the policy before");
    assert_eq!(why(&held(vec![]), "1.0.0", &known(1, None)), None);
    refused(&held(vec![public(1).fingerprint()]), "1.0.0", &known(1, None), "is revoked");
}

#[test]
fn a_binding_without_a_review_is_told() {
    let reviews = reviews("[audits]\n", Bindings::default(), "");
    let (_, astray) = reviews.bound(bindings(&[binding(REVIEW, None, 1)]), vec![]);
    assert_eq!(astray, ["supply-chain/bindings.toml:2"]);
}
