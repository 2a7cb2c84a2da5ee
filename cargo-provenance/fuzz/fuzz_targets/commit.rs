//! Commits, tags, folders and what gpg says: no bytes make a reader panic, and nothing that nobody signed is taken for signed.
#![no_main]

use cargo_provenance::commit::{
    Answer, Asked, Entry, Signature, Signed, Trusted, When, judge, links, parse, parse_tag, read_status,
};
use libfuzzer_sys::fuzz_target;
use provenance_build::Moment;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(commit) = parse(bytes) {
        assert_eq!(links(bytes).as_ref(), Ok(&commit.links));
        let _ = Entry::find(bytes, "a", &commit.links.tree);
        let signed = Signed {
            signature: commit.signature.as_deref(),
            payload: &commit.payload,
            email: &commit.committer.email,
        };
        let when = When { at: Moment(0), end: Moment(0) };
        let ask = |_: Asked<'_>| Ok(Answer::Good(vec!["A".repeat(40)]));
        assert!(judge(signed, &[&Trusted::default()], when, &ask).is_err());
        assert!(judge(signed, &[], when, &ask).is_err());
    }
    let _ = parse_tag(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (Signature::read(text), read_status(text));
    }
});
