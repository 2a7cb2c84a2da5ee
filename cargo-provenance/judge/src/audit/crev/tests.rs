//! What a proof file says, and everything that somebody may try with one.

use proptest::prelude::*;

use super::samples::{Reviewer, digest};
use super::*;
use crate::model::Rating;

const DATE: &str = "2026-04-05T19:02:22.914637269+00:00";

fn read(text: &str, reviewer: &Reviewer) -> Proofs {
    let mut proofs = Proofs::default();
    proofs.read(text.as_bytes(), "p", &reviewer.key()).expect("a file");
    proofs
}

fn good(reviewer: &Reviewer) -> String {
    reviewer.body("1.0.0", digest("a"), DATE, "positive", "")
}

// What was kept, barred, lost and passed over.
fn counts(proofs: &Proofs) -> (usize, usize, usize, usize) {
    (proofs.reviews.len(), proofs.unread.len(), proofs.losses.len(), proofs.others)
}

#[test]
fn the_digest_is_that_of_other_implementations() {
    // By hand with Python's `hashlib.blake2b(digest_size=32)`, in the way that reproduced the digests which published proofs name
    // of eleven crates, `mint` 0.5.9 (`Or_MhW4h…`) and `base64` 0.21.2 (`MG5L4iR6…`) among them.
    let files: [(&str, &[u8]); 5] = [
        ("src/lib.rs", b"pub mod a;\n"),
        ("src-x", b""),
        ("Cargo.toml", b"[package]\n"),
        (".cargo-ok", b"ok"),
        ("src/.cargo-ok", b"\0\xff"),
    ];
    let found = Digest::of_files(files).expect("a digest");
    assert_eq!(found.to_string(), "5yfCyiBqrYpbPBOvMVl0Hkze7w-d8qBkYAls8GtW9NM");
    let unmarked = files.into_iter().rev().filter(|(path, _)| *path != ".cargo-ok");
    assert_eq!(Digest::of_files(unmarked), Some(found), "cargo's own marker in the root does not count");
    assert_eq!(Digest::parse(&found.to_string()), Some(found));
    for bad in
        ["", "Or_MhW4hQNvh3jDNWliAk2y936sCpPjaBXxKVuXT5C", "Or_MhW4hQNvh3jDNWliAk2y936sCpPjaBXxKVuXT5C9"]
    {
        assert_eq!(Digest::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_file_that_is_a_folder_as_well_has_no_digest() {
    assert_eq!(Digest::of_files([("a", &b""[..]), ("a/b", b"")]), None);
    assert_eq!(Digest::of_files([("a", &b""[..]), ("a", b"x")]), None);
    let deep = "a/".repeat(5_000) + "b";
    assert_eq!(Digest::of_files([(&*deep, &b""[..])]), None);
}

#[test]
fn reviews_of_both_times_are_read() {
    let ann = Reviewer::new(1);
    let body = ann.body(
        "1.0.0",
        digest("a"),
        DATE,
        "strong",
        "llm-agent:\n  model: x\ncomment: |-\n  fine:\n  \n  ----- SIGN CREV PROOF -----\n",
    );
    let old = body.replace("kind: package review\n", "").replace("strong", "dangerous");
    let text = ann.proof(&body) + &ann.old_proof("PACKAGE REVIEW", &old);
    let proofs = read(&text, &ann);
    assert_eq!(counts(&proofs), (2, 0, 0, 0), "{proofs:#?}");
    let review = &proofs.reviews[0];
    assert_eq!((review.rating, review.by_agent, review.place.as_str()), (Rating::Strong, true, "p:1"));
    assert_eq!(review.package.digest, digest("a"));
    assert!(review.comment.as_deref().is_some_and(|comment| comment.starts_with("fine:\n\n-----")));
    assert_eq!(proofs.reviews[1].rating, Rating::Negative);
    // A checkout with other line ends says the same.
    assert_eq!(counts(&read(&text.replace('\n', "\r\n"), &ann)), (2, 0, 0, 0));
}

#[test]
fn an_edited_proof_or_one_of_another_key_proves_nothing() {
    let (ann, mallory) = (Reviewer::new(1), Reviewer::new(2));
    let body = good(&ann);
    let proof = ann.proof(&body);
    let signed = proof.lines().rev().nth(2).expect("a signature").to_owned();
    let other = if signed.starts_with('A') { 'B' } else { 'A' };
    for (attack, text) in [
        ("edited version", proof.replace("version: 1.0.0", "version: 1.0.1")),
        ("edited name", proof.replace("name: dep", "name: pad")),
        ("edited source", proof.replace("https://crates.io", "https://evil.example")),
        ("edited digest", proof.replace(&digest("a").to_string(), &digest("b").to_string())),
        ("edited rating", proof.replace("positive", "strong")),
        ("a line more", proof.replace("package:", "override: []\npackage:")),
        ("edited signature", proof.replace(&signed, &format!("{other}{}", &signed[1..]))),
        ("no signature", proof.replace(&format!("{signed}\n"), "")),
        ("signature with something behind", proof.replace(&signed, &format!("{signed}AA"))),
        ("signed by another", mallory.proof(&body)),
        ("cut off", proof.replace("----- END CREV PROOF -----\n", "")),
        ("other lines around it", proof.replace("SIGN CREV PROOF", "SIGN CREV TRUST")),
    ] {
        assert_ne!(text, proof, "{attack}");
        assert_eq!(counts(&read(&text, &ann)), (0, 0, 1, 0), "{attack}");
    }
    // What somebody else signs under their own name is not about this reviewer at all.
    assert_eq!(counts(&read(&mallory.proof(&good(&mallory)), &ann)), (0, 0, 0, 1));
    // Words in another's name under one's own signature are neither's.
    assert_eq!(counts(&read(&ann.proof(&good(&mallory)), &ann)), (0, 0, 1, 0));
}

#[test]
fn a_warning_that_cannot_be_read_bars_what_it_may_be_about() {
    let ann = Reviewer::new(1);
    let negative = ann.body("1.0.0", digest("a"), DATE, "negative", "");
    let issue = ann.body("1.0.0", digest("a"), DATE, "positive", "issues:\n- id: X\n");
    for (attack, text, version) in [
        ("edited", ann.proof(&negative).replace("medium", "low"), Some("1.0.0")),
        ("edited issue", ann.proof(&issue).replace("id: X", "id: Y"), Some("1.0.0")),
        ("cut off", ann.proof(&negative).replace("----- END CREV PROOF -----\n", ""), Some("1.0.0")),
        ("a key twice", ann.proof(&format!("{negative}comment: a\ncomment: b\n")), None),
        ("an alias", ann.proof(&negative.replace("negative", "*x")), None),
        ("too long", ann.proof(&format!("{negative}comment: {}\n", "x".repeat(32_000))), None),
        ("unknown rating", ann.proof(&negative.replace("negative", "awful")), Some("1.0.0")),
        ("newer format", ann.proof(&negative.replace("version: -1", "version: 2")), Some("1.0.0")),
        ("no date", ann.proof(&negative.replace(DATE, "yesterday")), Some("1.0.0")),
        ("bad version", ann.proof(&negative.replace("version: 1.0.0", "version: one")), None),
        (
            "another digest",
            ann.proof(&negative.replace("review:\n", "  digest-type: md5\nreview:\n")),
            Some("1.0.0"),
        ),
        ("issues of another shape", ann.proof(&issue.replace("- id: X", "- X")), Some("1.0.0")),
    ] {
        let proofs = read(&text, &ann);
        assert_eq!(counts(&proofs), (0, 1, 1, 0), "{attack}: {proofs:#?}");
        let unread = &proofs.unread[0];
        assert_eq!(unread.krate, "dep", "{attack}");
        assert_eq!(unread.version.as_ref().map(ToString::to_string).as_deref(), version, "{attack}");
    }
    // A good review that cannot be read is only lost.
    let text = ann.proof(&good(&ann).replace(DATE, "yesterday"));
    assert_eq!(counts(&read(&text, &ann)), (0, 0, 1, 0));
    let text = ann.proof(&good(&ann).replace("review:\n", "review: &a\n"));
    assert_eq!(counts(&read(&text, &ann)), (0, 1, 1, 0), "what is no YAML for us may say anything");
}

#[test]
fn other_kinds_are_passed_over_even_in_the_lines_of_a_review() {
    let ann = Reviewer::new(1);
    let files = "files:\n- path: a\n  digest: b\n";
    let old = good(&ann).replace("kind: package review\n", "");
    let mut text = String::new();
    for kind in ["trust", "code review", "something new"] {
        text += &ann.proof(&good(&ann).replace("package review", kind));
    }
    // The lines around an old body are not signed.
    text += &ann.old_proof("PACKAGE REVIEW", &format!("{old}{files}"));
    text += &ann.old_proof("PACKAGE REVIEW", &good(&ann).replace("package review", "code review"));
    text += &ann.old_proof("TRUST", &old);
    text += &ann.proof(&old);
    assert_eq!(counts(&read(&text, &ann)), (0, 0, 0, 7));
}

#[test]
fn what_is_no_proof_loses_nothing_but_itself() {
    let ann = Reviewer::new(1);
    let proof = ann.proof(&good(&ann));
    let text = format!("# mine\nnotes\n{proof}<<<<<<<\n----- BEGIN CREV PROOF -----\nhalf\n{proof}");
    let proofs = read(&text, &ann);
    assert_eq!(counts(&proofs), (2, 0, 3, 0), "{proofs:#?}");
    let places = proofs.losses.iter().map(|loss| loss.place.as_str()).collect::<Vec<_>>();
    assert_eq!(places[0], "p:1");
    let many = "----- BEGIN CREV PROOF -----\n".repeat(PROOFS + 1);
    assert!(Proofs::default().read(many.as_bytes(), "p", &ann.key()).is_err());
    // Many files are no way around it.
    let half = "----- BEGIN CREV PROOF -----\n".repeat(PROOFS / 2 + 1);
    let mut proofs = Proofs::default();
    assert_eq!(proofs.read(half.as_bytes(), "p", &ann.key()), Ok(()));
    assert!(
        proofs.read(half.as_bytes(), "q", &ann.key()).is_err_and(|why| why.contains("up to those in `q`"))
    );
}

#[test]
fn a_later_review_takes_back_an_earlier_one_of_the_same_version() {
    let ann = Reviewer::new(1);
    let review = |version: &str, date: &str, rating: &str| {
        ann.proof(&ann.body(version, digest("a"), date, rating, ""))
    };
    let text = [
        review("1.0.0", "2026-01-02T00:00:00Z", "negative"),
        review("1.0.0", "2026-01-01T00:00:00Z", "positive"),
        review("1.1.0", "2026-01-01T00:00:00Z", "positive"),
        // As `cargo crev crate unreview` does.
        review("1.1.0", "2026-01-01T01:00:00+00:30", "neutral"),
        review("1.2.0", "2026-01-01T00:00:00Z", "positive"),
        review("1.2.0", "2026-01-01T01:00:00+01:00", "negative"),
    ];
    let left = latest(read(&text.concat(), &ann).reviews);
    let left = left.iter().map(|review| (review.package.version.to_string(), review.rating));
    assert_eq!(
        left.collect::<Vec<_>>(),
        [
            ("1.0.0".to_owned(), Rating::Negative),
            ("1.1.0".to_owned(), Rating::Neutral),
            ("1.2.0".to_owned(), Rating::Positive),
            ("1.2.0".to_owned(), Rating::Negative),
        ],
        "of two of the same moment neither takes back the other"
    );
}

proptest! {
    // Signatures take their time without optimization.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_nobody_speaks_without_the_key(
        body in "[-a-z:?|>&*!{}\\[\\]# \n\t]{0,200}",
        signature in "[-_A-Za-z0-9 \n]{0,90}",
        end in prop::bool::ANY,
    ) {
        let ann = Reviewer::new(1);
        let end = if end { "----- END CREV PROOF -----" } else { "" };
        let text = format!("----- BEGIN CREV PROOF -----\n{body}\n----- SIGN CREV PROOF -----\n{signature}\n{end}");
        prop_assert_eq!(read(&text, &ann).reviews.len(), 0);
    }

    #[test]
    fn whatever_is_signed_is_read_or_lost(more in "[-a-z:?|>&*!{}\\[\\]#'\" \n]{0,80}", at in 0_usize..300) {
        let ann = Reviewer::new(1);
        let mut body = ann.body("1.0.0", digest("a"), DATE, "negative", "");
        body.insert_str(at.min(body.len()), &more);
        if !body.ends_with('\n') {
            body.push('\n');
        }
        let proofs = read(&ann.proof(&body), &ann);
        prop_assert!(proofs.reviews.len() + proofs.losses.len() + proofs.others >= 1);
    }

    #[test]
    fn one_bit_decides(at in 0_usize..400, bit in 0_u8..7) {
        let ann = Reviewer::new(1);
        let body = good(&ann);
        let mut edited = ann.proof(&body).into_bytes();
        let begin = "----- BEGIN CREV PROOF -----\n".len();
        let at = begin + at % body.len();
        edited[at] ^= 1 << bit;
        let mut proofs = Proofs::default();
        proofs.read(&edited, "p", &ann.key()).expect("a file");
        prop_assert_eq!(proofs.reviews.len(), 0);
    }
}
