//! Hostile archives, one for each fault, and honest ones.

use proptest::prelude::*;
use tar::{EntryType, Header};

use super::*;
use crate::samples::{Sample, id};

fn check(sample: Sample) -> Vec<&'static str> {
    faults(&sample.build())
}

fn faults(bytes: &[u8]) -> Vec<&'static str> {
    match read(bytes, &id("a")) {
        Ok(_) => vec![],
        Err(faults) => faults.iter().map(|fault| fault.check).collect(),
    }
}

fn sample() -> Sample {
    Sample::new(&id("a"))
}

fn linked(kind: EntryType, path: &str, target: &str) -> Header {
    let mut header = Header::new_gnu();
    header.set_path(path).expect("short");
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_link_name(target).expect("short");
    header.set_size(0);
    header
}

#[test]
fn an_archive_as_cargo_writes_it_is_read_whole() {
    let long = format!("tests/{}/data.txt", "x".repeat(120));
    let bytes = sample()
        .file(&long, b"long")
        .entry(b"a-1.0.0/run.sh", EntryType::Regular, 0o755, b"#!")
        .entry(b"a-1.0.0/st_mode", EntryType::Regular, 0o100_644, b"")
        .build();
    let archive = read(&bytes, &id("a")).expect("no fault");
    assert_eq!(archive.file(&long), Some(&b"long"[..]));
    assert_eq!(archive.file("src/lib.rs"), Some(&b"//! x\n"[..]));
    assert_eq!(archive.file("missing"), None);
    let executable = archive.files().filter(|file| file.executable).map(|file| file.path);
    assert_eq!(executable.collect::<Vec<_>>(), ["run.sh"]);
    assert_eq!(archive.remarks(), []);
}

#[test]
fn a_link_is_refused() {
    let symlink = linked(EntryType::Symlink, "a-1.0.0/x", "../../victim");
    assert_eq!(check(sample().raw(symlink, b"")), ["archive-link"]);
    let hard = linked(EntryType::Link, "a-1.0.0/x", "a-1.0.0/Cargo.toml");
    assert_eq!(check(sample().raw(hard, b"")), ["archive-link"]);
    let ok = linked(EntryType::Symlink, "a-1.0.0/.cargo-ok", "/etc/passwd");
    assert_eq!(check(sample().raw(ok, b"")), ["archive-link"]);
    assert_eq!(
        check(sample().entry(b"././@LongLink", EntryType::GNULongLink, 0o644, b"../x\0")),
        ["archive-link"]
    );
}

#[test]
fn an_entry_that_is_no_regular_file_is_refused() {
    for kind in
        [EntryType::Directory, EntryType::Fifo, EntryType::Char, EntryType::Block, EntryType::Continuous]
    {
        assert_eq!(check(sample().entry(b"a-1.0.0/x", kind, 0o644, b"")), ["archive-special"], "{kind:?}");
    }
    assert_eq!(check(sample().entry(b"a-1.0.0/x", EntryType::new(b'Z'), 0o644, b"")), ["archive-special"]);
}

#[test]
fn a_path_that_leaves_the_package_is_refused() {
    for path in ["/etc/passwd", "a-1.0.0/../b-1.0.0/x", "b-1.0.0/x", "a-1.0.0", "Cargo.toml"] {
        let sample = sample().entry(path.as_bytes(), EntryType::Regular, 0o644, b"");
        assert_eq!(check(sample), ["archive-path"], "{path}");
    }
}

#[test]
fn one_file_cannot_take_the_place_of_another() {
    assert_eq!(check(sample().file("src/lib.rs", b"evil")), ["archive-duplicate"]);
    // The same bytes twice are only noted; a third time with others they are not.
    let twice = || sample().file("x", b"same").file("x", b"same");
    assert_eq!(check(twice()), [""; 0]);
    let archive = read(&twice().build(), &id("a")).expect("accepted");
    assert_eq!(
        archive.remarks().iter().map(|remark| remark.check).collect::<Vec<_>>(),
        ["archive-duplicate"]
    );
    assert_eq!(archive.files().filter(|file| file.path == "x").count(), 1);
    assert!(archive.tree().is_ok());
    assert_eq!(check(twice().file("x", b"evil")), ["archive-duplicate"]);
    assert_eq!(check(sample().file("src", b"evil")), ["archive-duplicate"]);
    assert_eq!(check(sample().file("CARGO.TOML", b"evil")), ["archive-case-collision", "manifest-duplicate"]);
    assert_eq!(check(sample().file(".cargo-ok", b"{\"v\":1}")), ["archive-reserved-name"]);
    assert_eq!(check(sample().file(".cargo-checksum.json", b"{}")), ["archive-reserved-name"]);
}

#[test]
fn an_odd_name_is_refused() {
    let cases: &[&[u8]] =
        &[b"a-1.0.0/a\\b", b"a-1.0.0/\x1b[2J", b"a-1.0.0/\xff", b"a-1.0.0/nul", b"a-1.0.0/x "];
    for path in cases {
        assert_eq!(check(sample().entry(path, EntryType::Regular, 0o644, b"")), ["archive-name"]);
    }
    let archive = read(&sample().file("odd.", b"").build(), &id("a")).expect("a remark only");
    assert_eq!(archive.remarks()[0].check, "archive-name");
}

#[test]
fn a_dangerous_mode_is_refused() {
    for mode in [0o4755, 0o2755, 0o1644] {
        let sample = sample().entry(b"a-1.0.0/x", EntryType::Regular, mode, b"");
        assert_eq!(check(sample), ["archive-mode"], "{mode:o}");
    }
}

#[test]
fn a_loose_mode_is_remarked_once() {
    for (mode, what) in [
        (0o666, "`a-1.0.0/x` and 1 more are writable for everybody"),
        (0o664, "`a-1.0.0/x` and 1 more are writable for its group"),
    ] {
        let sample = sample().entry(b"a-1.0.0/x", EntryType::Regular, mode, b"").entry(
            b"a-1.0.0/y",
            EntryType::Regular,
            mode,
            b"",
        );
        let archive = read(&sample.build(), &id("a")).expect("a remark only");
        assert_eq!(archive.remarks(), [Fault::new("archive-mode", what.to_owned())]);
    }
}

#[test]
fn a_bomb_is_refused() {
    let many = Limits { headers: 2, ..Limits::DEFAULT };
    let bytes = sample().build();
    assert!(read_within(&bytes, &id("a"), &many).is_ok());
    let faults = read_within(&sample().file("x", b"").build(), &id("a"), &many).expect_err("three files");
    assert_eq!(faults[0].check, "archive-bomb");
    let zeros = sample().file("zeros", &vec![0; 12 << 20]).build();
    assert_eq!(super::tests::faults(&zeros), ["archive-bomb"]);
}

#[test]
fn nothing_hides_behind_the_archive() {
    let bytes = sample().build();
    assert_eq!(faults(&[&bytes[..], b"x"].concat()), ["archive-trailing"]);
    assert_eq!(faults(&[&bytes[..], &bytes[..]].concat()), ["archive-trailing"]);
    assert_eq!(check(sample().bytes(&[0; 1024]).file("hidden", b"x")), ["archive-trailing"]);
    // One byte of content, then padding that is not zero.
    let mut padded = sample().file("x", b"y");
    let last = padded.bytes_mut().len() - 1;
    padded.bytes_mut()[last] = 1;
    assert_eq!(check(padded), ["archive-trailing"]);
}

#[test]
fn headers_that_disagree_are_refused() {
    let file = |sample: Sample| sample.file("x", b"content");
    assert_eq!(check(file(sample().pax(&[("path", "a-1.0.0/y")]))), ["archive-header-mismatch"]);
    assert_eq!(check(file(sample().pax(&[("size", "1")]))), ["archive-header-mismatch"]);
    assert_eq!(check(file(sample().pax(&[("linkpath", "y")]))), ["archive-header-mismatch"]);
    assert_eq!(check(file(sample().pax(&[("SCHILY.xattr.user.x", "y")]))), ["archive-header-mismatch"]);
    assert_eq!(check(file(sample().pax(&[("GNU.sparse.name", "y")]))), ["archive-header-mismatch"]);
    assert_eq!(
        check(file(sample().pax(&[("mtime", "1")]).pax(&[("mtime", "1")]))),
        ["archive-header-mismatch"]
    );
    assert_eq!(check(file(sample().pax(&[("mtime", "1.5"), ("path", "a-1.0.0/x")]))), [] as [&str; 0]);
    let long = |name: &[u8]| sample().entry(b"././@LongLink", EntryType::GNULongName, 0o644, name);
    assert_eq!(check(file(long(b"a-1.0.0/other\0"))), ["archive-header-mismatch"]);
    assert_eq!(check(file(long(b"a-1.0.0/x\0/y\0"))), ["archive-header-mismatch"]);
    assert_eq!(check(file(long(b"a-1.0.0/x\0").pax(&[("path", "a-1.0.0/x")]))), ["archive-header-mismatch"]);
    assert_eq!(
        check(sample().entry(b"g", EntryType::XGlobalHeader, 0o644, b"")),
        ["archive-header-mismatch"]
    );
    assert_eq!(
        check(sample().entry(b"a-1.0.0/x", EntryType::GNUSparse, 0o644, b"")),
        ["archive-header-mismatch"]
    );
    let target = linked(EntryType::Regular, "a-1.0.0/x", "target");
    assert_eq!(check(sample().raw(target, b"")), ["archive-header-mismatch"]);
    let mut old = Header::new_old();
    old.set_path("a-1.0.0/x").expect("short");
    old.set_mode(0o644);
    old.set_size(0);
    assert_eq!(check(sample().raw(old, b"")), ["archive-header-mismatch"]);
}

// Up to 0.4.45 the `tar` crate, which cargo 1.95 is built with, lets the size of a PAX header count for the long name
// that follows: 17 of its bytes are the name, and the next block of it is a header.
#[test]
fn a_build_script_that_hides_in_a_long_name_is_found() {
    let mut hidden = Header::new_gnu();
    hidden.set_path("a-1.0.0/build.rs").expect("short");
    hidden.set_mode(0o644);
    hidden.set_size(17);
    hidden.set_cksum();
    let name = [b"a-1.0.0/build.rs\0".repeat(30).as_slice(), b"xx"].concat();
    let text = [&name[..], hidden.as_bytes(), b"mod p;fn main(){}", &[b'a'; 494], b"\0"].concat();
    let attack = |size: &[(&str, &str)], text: &[u8]| {
        let sample = sample().pax(size).entry(b"././@LongLink", EntryType::GNULongName, 0o644, text);
        check(sample.entry(&text[..100], EntryType::Regular, 0o644, b"harmless data 17."))
    };
    assert!(attack(&[("size", "17")], &text).iter().all(|fault| *fault == "archive-header-mismatch"));
    // The same without a NUL byte anywhere, whose walk is one that tar 0.4.46 agrees with.
    let plain = text[..1_535].iter().map(|byte| if *byte == 0 { b'/' } else { *byte });
    let plain = plain.chain([0]).collect::<Vec<_>>();
    assert!(attack(&[("size", "17")], &plain).contains(&"archive-header-mismatch"));
    // And without the size: no two extension headers stand before one file.
    let path = format!("a-1.0.0/{}", "x".repeat(120));
    let long = [path.as_bytes(), b"\0"].concat();
    assert_eq!(attack(&[("mtime", "1")], &long), ["archive-header-mismatch"]);
}

#[test]
fn what_only_some_readers_understand_is_refused() {
    let file = |sample: Sample| check(sample.file("x", b"content"));
    let long = |name: &[u8]| sample().entry(b"././@LongLink", EntryType::GNULongName, 0o644, name);
    // The right size is refused too.
    assert_eq!(file(sample().pax(&[("size", "7")])), ["archive-header-mismatch"]);
    assert_eq!(file(sample().pax(&[("GNU.sparse.realsize", "7")])), ["archive-header-mismatch"]);
    assert_eq!(file(sample().pax(&[("mtime", "1")]).pax(&[("atime", "1")])), ["archive-header-mismatch"]);
    assert_eq!(file(long(b"a-1.0.0/x")), ["archive-header-mismatch"]);
    assert_eq!(
        file(long(&[&b"a-1.0.0/x"[..], &b"/y".repeat(3_000), b"\0"].concat())),
        ["archive-header-mismatch"]
    );
    for size in [*b"\x80\0\0\0\0\0\0\0\0\0\0\x07", *b"         7 \0", *b"7\0\0\0\0\0\0\0\0\0\0\0"] {
        let mut header = Header::new_gnu();
        header.set_path("a-1.0.0/x").expect("short");
        header.set_mode(0o644);
        header.as_old_mut().size = size;
        assert_eq!(check(sample().raw(header, b"content")), ["archive-header-mismatch"], "{size:?}");
    }
}

#[test]
fn damage_is_refused() {
    let mut header = Header::new_gnu();
    header.set_path("a-1.0.0/x").expect("short");
    header.set_mode(0o644);
    header.set_size(1 << 40);
    assert_eq!(check(sample().raw(header.clone(), b"")), ["archive-malformed"]);
    header.as_old_mut().size = *b"not a number";
    assert_eq!(check(sample().raw(header, b"")), ["archive-malformed"]);
    assert_eq!(check(sample().bytes(&[1; 512])), ["archive-malformed"]);
    assert_eq!(faults(&sample().bytes(&[0; 100]).build_unterminated()), ["archive-malformed"]);
    assert_eq!(check(sample().pax(&[("mtime", "1")])), ["archive-malformed"]);
    assert_eq!(faults(b""), ["archive-malformed"]);
    assert_eq!(faults(b"PK\x03\x04"), ["archive-malformed"]);
}

#[test]
fn another_packages_archive_is_refused() {
    let other = Sample::empty(&id("a")).file("Cargo.toml", b"[package]\nname = 'b'\nversion = '1.0.0'\n");
    assert_eq!(check(other), ["manifest-identity"]);
    assert_eq!(check(Sample::empty(&id("a")).file("src/lib.rs", b"")), ["manifest-identity"]);
    assert_eq!(check(Sample::empty(&id("a"))), ["manifest-identity"]);
}

#[test]
fn a_manifest_in_another_case_is_refused() {
    let only = Sample::empty(&id("a")).file("cargo.toml", b"[package]\nname = 'a'\nversion = '1.0.0'\n");
    assert_eq!(check(only), ["manifest-duplicate", "manifest-identity"]);
    // Only at the root does cargo look for one.
    assert_eq!(check(sample().file("tests/cargo.toml", b"").file("cargo.toml.orig", b"")), [] as [&str; 0]);
}

#[test]
fn every_fault_is_reported_and_their_number_is_bounded() {
    let two = sample().file("nul", b"").entry(b"a-1.0.0/x", EntryType::Directory, 0o644, b"");
    assert_eq!(check(two), ["archive-special", "archive-name"]);
    let mut many = sample();
    for number in 0..100 {
        many = many.file("same", &[number]);
    }
    assert_eq!(check(many).len(), Limits::DEFAULT.faults);
}

#[test]
fn a_build_script_is_found_in_any_case() {
    let archive = read(&sample().file("Build.rs", b"fn main() {}").build(), &id("a")).expect("no fault");
    assert_eq!(archive.build_time(), [BuildTime::BuildScript]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&bytes, &id("a"));
    }

    #[test]
    fn an_arbitrary_tar_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let _ = faults(&Sample::empty(&id("a")).bytes(&bytes).build());
        let _ = check(sample().bytes(&bytes));
    }

    #[test]
    fn a_changed_header_never_panics_nor_shows_two_faces(
        at in 0_usize..512,
        with in any::<u8>(),
        fix in any::<bool>(),
    ) {
        let mut header = Header::new_gnu();
        header.set_path("a-1.0.0/x").expect("short");
        header.set_mode(0o644);
        header.set_size(3);
        header.set_cksum();
        header.as_mut_bytes()[at] = with;
        let sample = match fix {
            true => sample().raw(header, b"abc"),
            false => sample().bytes(header.as_bytes()).bytes(b"abc").bytes(&[0; 509]),
        };
        if let Ok(archive) = read(&sample.build(), &id("a")) {
            prop_assert!(archive.files().all(|file| !file.path.contains("..")));
        }
    }

    #[test]
    fn what_was_packed_comes_back(
        files in proptest::collection::btree_map("[a-z]{5,8}(/[a-z]{9,12}){0,12}", proptest::collection::vec(any::<u8>(), 0..700), 0..12)
    ) {
        let mut sample = sample();
        for (path, content) in &files {
            sample = sample.file(&format!("d/{path}.rs"), content);
        }
        let archive = read(&sample.build(), &id("a")).expect("no fault");
        for (path, content) in &files {
            prop_assert_eq!(archive.file(&format!("d/{path}.rs")), Some(&content[..]));
        }
        prop_assert_eq!(archive.files().count(), files.len() + 2);
    }
}
