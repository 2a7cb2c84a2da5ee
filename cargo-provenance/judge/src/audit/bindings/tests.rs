//! Bindings, read, written and signed.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use provenance_build::signing::{PublicKey, sshsig};

use super::super::Set;
use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn full() -> String {
    format!(
        "\n# What reviews in `audits.toml` are of, byte for byte. Written by `cargo provenance certify`.\nversion = 1\n\n\
         [[bindings.serde]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n\
         checksum = \"sha256:{A}\"\ntree = \"b3:{B}\"\non = \"2026-11-26\"\n"
    )
}

fn read(text: &str) -> Result<Bindings, String> {
    Bindings::read(text.as_bytes(), Path::new("bindings.toml")).map_err(|error| error.to_string())
}

fn audits(text: &str) -> Vec<Audit> {
    let mut set = Set::read(text.as_bytes(), Path::new("audits.toml")).expect("a set");
    set.audits.remove("serde").expect("audits")
}

fn signed(text: &str, namespace: &str, seed: u8) -> (String, PublicKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let public = PublicKey::from_bytes(key.verifying_key().as_bytes()).expect("a key");
    let data = sshsig::signed_data(namespace, sshsig::Hash::Sha512, text.as_bytes());
    (sshsig::armor(&public, namespace, &key.sign(&data).to_bytes()), public)
}

#[test]
fn the_canonical_form_reads_back_and_keeps_signatures() {
    let mut bindings = read(&full()).expect("bindings");
    assert_eq!(bindings.text(), full());
    let binding = &mut bindings.crates.get_mut("serde").expect("a crate")[0];
    assert_eq!(binding.line, 5);
    for seed in [1, 2] {
        binding.signatures.push(signed(&binding.text("serde"), AUDIT_NAMESPACE, seed).0);
    }
    let text = bindings.text();
    let again = read(&text).expect(&text);
    assert_eq!(again.text(), text);
    assert_eq!(again.crates["serde"][0].signers("serde").expect("signers").len(), 2);
    let commit = "00112233445566778899aabbccddeeff00112233";
    let delta = full()
        .replace(
            "version = \"1.0.0\"",
            &format!("delta = \"1.0.0 -> 1.0.1@git:{commit}\"\nfrom-tree = \"b3:{A}\""),
        )
        .replace(&format!("checksum = \"sha256:{A}\"\n"), "")
        .replace("on = \"2026-11-26\"\n", &format!("on = \"2026-11-26\"\nnotes = \"sha256:{B}\"\n"));
    assert_eq!(read(&delta).expect("bindings").text(), delta);
    assert_eq!(read(""), Ok(Bindings::default()));
}

#[test]
fn the_signed_text_is_what_is_documented() {
    let bindings = read(&full()).expect("bindings");
    let text = format!(
        "cargo-provenance-audit 1\ncrate: serde\nversion: 1.0.0 sha256:{A} b3:{B}\ncriteria: safe-to-deploy\n\
         who: Ann <ann@example.org>\non: 2026-11-26\nnotes: -\n"
    );
    assert_eq!(bindings.crates["serde"][0].text("serde"), text);
}

#[test]
fn a_signature_holds_for_nothing_but_the_whole_entry() {
    let (armor, key) =
        signed(&read(&full()).expect("bindings").crates["serde"][0].text("serde"), AUDIT_NAMESPACE, 1);
    let with = |text: &str, armor: &str| read(&format!("{text}signatures = '''\n{armor}'''\n"));
    let signers = |text: &str, armor: &str| {
        let bindings = with(text, armor).expect("bindings");
        let (krate, list) = bindings.crates.first_key_value().expect("a crate");
        list[0].signers(krate)
    };
    assert_eq!(signers(&full(), &armor), Some(vec![key]));
    for (old, new) in [
        ("[[bindings.serde]]", "[[bindings.serdes]]"),
        ("safe-to-deploy", "safe-to-run"),
        ("criteria = \"safe-to-deploy\"", "criteria = [\"safe-to-deploy\", \"safe-to-run\"]"),
        ("Ann <ann@example.org>", "Eve <eve@example.org>"),
        ("1.0.0", "1.0.1"),
        ("version = \"1.0.0\"", "delta = \"0.9.0 -> 1.0.0\"\nfrom-tree = \"b3:AA\""),
        (&*format!("sha256:{A}"), &*format!("sha256:{B}")),
        (&*format!("b3:{B}"), &*format!("b3:{A}")),
        (&*format!("checksum = \"sha256:{A}\"\n"), ""),
        ("2026-11-26", "2026-11-27"),
        ("on = \"2026-11-26\"\n", &*format!("on = \"2026-11-26\"\nnotes = \"sha256:{A}\"\n")),
    ] {
        let altered = full().replacen(old, &new.replace("b3:AA", &format!("b3:{A}")), 1);
        assert_ne!(altered, full(), "{old}");
        assert_eq!(signers(&altered, &armor), None, "{old} -> {new}");
    }
    // What was signed for a manifest, or by hand for a file, is no signature of a review.
    let text = read(&full()).expect("bindings").crates["serde"][0].text("serde");
    for namespace in ["cargo-provenance", "file"] {
        assert_eq!(signers(&full(), &signed(&text, namespace, 1).0), None, "{namespace}");
    }
}

#[test]
fn a_binding_belongs_to_the_one_review_that_it_was_made_for() {
    let text =
        "[[audits.serde]]\nwho = 'Ann <ann@example.org>'\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
    let review = audits(text).remove(0);
    let binding = read(&full()).expect("bindings").crates["serde"][0].clone();
    assert!(binding.fits(&review));
    let made = Binding::new(&review, None, binding.to.clone(), binding.on);
    assert_eq!(Binding { line: binding.line, ..made }, binding);
    for (old, new) in [
        ("'safe-to-deploy'", "'safe-to-run'"),
        ("'Ann <ann@example.org>'", "['Ann <ann@example.org>', 'Bob']"),
        ("version = '1.0.0'", "version = '1.0.1'"),
        ("version = '1.0.0'", "delta = '0.9.0 -> 1.0.0'"),
        ("version = '1.0.0'", "violation = '=1.0.0'"),
        ("version = '1.0.0'\n", "version = '1.0.0'\nnotes = 'all of it'\n"),
    ] {
        assert!(!binding.fits(&audits(&text.replace(old, new))[0]), "{new}");
    }
}

#[test]
fn what_is_not_right_is_an_error_with_its_line() {
    let twice = format!("{}{}", full(), full().split_once("version = 1\n").expect("a head").1);
    for (text, message) in [
        ("bindings = 1", "bindings.toml:1: `version` is missing"),
        ("version = 2", "bindings.toml:1: `version` 2 is not known"),
        ("version = 1\nbinding = 1", "bindings.toml:2: `binding` is not a key"),
        (&twice, "bindings.toml:13: a review of `serde` is bound twice"),
        (&full().replace("tree", "three"), "`bindings.serde` has no `tree`"),
        (&full().replace("\non =", "\nON ="), "`bindings.serde` has no `on`"),
        (&full().replace("who =", "whom ="), "`bindings.serde` has no `who`"),
        (&full().replace("sha256:a", "sha256:A"), "is not a SHA-256"),
        (&full().replace("b3:", "sha256:"), "is not the digest of a tree"),
        (&full().replace("bindings.serde", "bindings.\"../x\""), "`../x` is not the name of a crate"),
        (
            &full().replace("Ann <", "Ann\\u202e <"),
            "`who` has an entry that is empty, too long, or not plain",
        ),
        (&full().replace("Ann <", "Ann\\ncriteria: x <"), "`who` has an entry that is empty"),
        (&full().replace("\"safe-to-deploy\"", "[]"), "`criteria` has 0 entries"),
        (&full().replace("version = \"1.0.0\"\n", ""), "has none of `version` and `delta`, or both"),
        (&format!("{}signatures = \"x\"\n", full()), "an entry of `signatures` cannot be read"),
        (&format!("{}signatures = \"\"\n", full()), "an entry of `signatures` is not one signature"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(message), "{error}\n{message}\n{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text in "\\PC{0,200}") {
        let _ = Bindings::read(&bytes, Path::new("bindings.toml"));
        let _ = read(&format!("version = 1\n{text}"));
        let _ = read(&format!("{}{text}", full()));
    }

    #[test]
    fn what_is_written_reads_back(
        who in prop::collection::vec("[ -~é'\"\\\\]{0,12}x", 1..4),
        criteria in prop::collection::vec("[a-z\"' -]{0,8}x", 1..3),
        minor in 0_u64..9,
        delta: bool,
        notes: Option<[u8; 32]>,
        checksum: Option<[u8; 32]>,
        tree: [u8; 32],
        days in 0_u64..90_000,
    ) {
        let bytes = |minor| Bytes {
            version: VetVersion::parse(&format!("1.{minor}.0")).expect("a version"),
            checksum: checksum.map(Checksum::from_bytes),
            tree: TreeDigest::from_bytes(tree),
        };
        let binding = Binding {
            who: sorted(&who),
            criteria: sorted(&criteria),
            from: delta.then(|| bytes(minor + 1)),
            to: bytes(minor),
            on: Date::of_seconds(days * 86_400),
            notes: notes.map(Checksum::from_bytes),
            signatures: vec![],
            line: 5,
        };
        let bindings = Bindings { crates: ByName::from([("a".to_owned(), vec![binding])]) };
        prop_assert_eq!(read(&bindings.text()), Ok(bindings));
    }
}
