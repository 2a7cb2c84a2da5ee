//! Archives of every kind, whole, damaged and hostile.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::{Content, Hashing, Image};
use super::*;

/// The smallest file that is a program: an ELF header and nothing behind it.
fn program() -> Vec<u8> {
    let mut elf = vec![0; 64];
    elf[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
    elf[16] = 2;
    elf[18] = 62;
    elf[20] = 1;
    elf[52] = 64;
    elf
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    for (path, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, path, *content).expect("in memory");
    }
    builder.into_inner().expect("in memory")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn deb(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in [&("debian-binary", &b"2.0\n"[..])].into_iter().chain(members) {
        bytes.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len()).bytes(),
        );
        bytes.extend(*content);
        bytes.extend(&b"\n"[..content.len() % 2]);
    }
    bytes
}

/// What is found in a file of these bytes, and how many files were none.
fn found(bytes: &[u8]) -> (Vec<Image>, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).expect("a file");
    let alone = std::sync::Mutex::new(());
    let mut examination = Examination::new(Path::new("x"), Hashing::Off, bytes.len() as u64, &alone);
    examination.file(&std::fs::File::open(&path).expect("a file"));
    let reading = examination.finish();
    (reading.images, reading.others)
}

/// The names of what was found, and what it is.
fn names(bytes: &[u8]) -> Vec<String> {
    let told = |image: Image| match image.content {
        Content::Embedded(_) => format!("{}: list", image.name),
        Content::Packed(what) => format!("{}: {what}", image.name),
        Content::Unreadable(why) => format!("{}: {why}", image.name),
        Content::Without(format) => format!("{}: {format}", image.name),
    };
    found(bytes).0.into_iter().map(told).collect()
}

#[test]
fn programs_are_found_however_they_are_packed() {
    let (program, long) = (program(), "d/".repeat(120) + "app");
    let plain = tar(&[("bin/app", &program), ("README", b"text"), (&long, &program)]);
    let expected = |name: &str| vec![format!("{name} > bin/app: ELF"), format!("{name} > {long}: ELF")];
    assert_eq!(names(&program), ["x: ELF"]);
    assert_eq!(names(&plain), expected("x"));
    assert_eq!(names(&gzip(&plain)), expected("x"));
    assert_eq!(names(&gzip(&program)), ["x: ELF"]);
    assert_eq!(
        names(&deb(&[("control.tar.gz", &gzip(&tar(&[]))), ("data.tar.gz", &gzip(&plain))])),
        expected("x > data.tar.gz")
    );
    let layers = tar(&[("blobs/1", &gzip(&plain)), ("blobs/2", &plain)]);
    assert_eq!(names(&layers), [expected("x > blobs/1"), expected("x > blobs/2")].concat());
    assert_eq!(found(&plain).1, 1);
}

#[test]
fn what_is_not_opened_is_named() {
    assert_eq!(names(b"PK\x03\x04rest"), ["x: a zip archive"]);
    assert_eq!(names(&deb(&[("data.tar.xz", b"\xfd7zXZ\0rest")])), ["x > data.tar.xz: an xz archive"]);
    assert_eq!(names(&tar(&[("a.zip", b"PK\x03\x04rest")])), ["x > a.zip: a zip archive"]);
    assert_eq!(found(b"!<arch>\nlibrary.o/     ").0, []);
}

#[test]
fn archives_that_are_cut_off_or_damaged_are_not_known_to_hold_nothing() {
    let whole = tar(&[("app", &program()), ("last", &[7; 3_000])]);
    for cut in [600, 1_024, 1_536 + 512, 1_536 + 2_000] {
        let told = names(&whole[..cut]).join("\n");
        assert!(told.contains("cannot be read"), "{cut}: {told}");
    }
    let mut damaged = whole.clone();
    damaged[1_100] ^= 1;
    assert!(names(&damaged).join("\n").contains("malformed"), "{:?}", names(&damaged));
    let packed = gzip(&whole);
    assert!(names(&packed[..packed.len() - 20]).join("\n").contains("cannot be read"));
    let mut checksum = packed.clone();
    let last = checksum.len() - 6;
    checksum[last] ^= 1;
    assert!(names(&checksum).join("\n").contains("cannot be read"), "{:?}", names(&checksum));
    let package = deb(&[("data.tar.gz", &packed)]);
    assert!(names(&package[..package.len() - 30]).join("\n").contains("cannot be read"));
}

#[test]
fn bombs_end_early() {
    // 128 MiB of zeros in 128 kB: a tar header first, so that somebody looks.
    let mut header = Header::new_gnu();
    header.set_path("zeros").expect("a path");
    header.set_size(128 << 20);
    header.set_cksum();
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(header.as_bytes()).expect("in memory");
    for _ in 0..128 {
        encoder.write_all(&vec![0; 1 << 20]).expect("in memory");
    }
    let bomb = encoder.finish().expect("in memory");
    assert!(names(&bomb).join("\n").contains("unpacks to far more"), "{:?}", names(&bomb));
    let mut nested = gzip(&tar(&[("app", &program())]));
    for _ in 0..6 {
        nested = gzip(&tar(&[("inner", &nested)]));
    }
    assert!(names(&nested).join("\n").contains("deep in each other"), "{:?}", names(&nested));
}

/// A file in an archive, with this kind and, for the oldest form, without a mark.
fn entry(kind: u8, size: u64, has_mark: bool) -> Vec<u8> {
    let mut header = if has_mark { Header::new_ustar() } else { Header::new_old() };
    header.set_path("app").expect("a path");
    header.set_size(size);
    header.as_old_mut().linkflag = [kind];
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn blocks(content: &[u8]) -> Vec<u8> {
    let mut padded = content.to_vec();
    padded.resize(content.len().next_multiple_of(512), 0);
    padded
}

#[test]
fn what_other_readers_unpack_is_not_overlooked() {
    let (program, end) = (program(), vec![0; 1_024]);
    let (size, content) = (program.len() as u64, blocks(&program));
    let plain = [entry(b'0', size, true), content.clone()].concat();
    for archive in [
        // Without a mark, as before 1988.
        [entry(0, size, false), content.clone(), end.clone()].concat(),
        // Of a kind that is not known.
        [entry(b'z', size, true), content.clone(), end.clone()].concat(),
        // Behind a block of zeros, and behind the end.
        [entry(b'0', 0, true), vec![0; 512], plain.clone(), end.clone()].concat(),
        [entry(b'0', 0, true), end.clone(), plain.clone(), end.clone()].concat(),
    ] {
        assert_eq!(names(&archive), ["x > app: ELF"]);
        assert_eq!(names(&gzip(&archive)), ["x > app: ELF"]);
    }
    // In what a link says is its content.
    let link = [entry(b'0', 0, true), entry(b'1', plain.len() as u64, true), plain.clone(), end.clone()];
    assert!(names(&link.concat()).join("\n").contains("has content"), "{:?}", names(&link.concat()));
    // By a size that some take for that of all files.
    let size = b"12 size=512\n";
    let global = [entry(b'g', size.len() as u64, true), blocks(size), plain.clone(), end.clone()].concat();
    assert!(names(&global).join("\n").contains("one size to all"), "{:?}", names(&global));
    let twice = entry(b'x', size.len() as u64, true);
    let twice = [twice.clone(), blocks(size), twice, blocks(size), plain, end].concat();
    assert!(names(&twice).join("\n").contains("malformed"), "{:?}", names(&twice));
    // Behind a header of gzip that one reader refuses and the other ignores.
    let odd = [b"\x1f\x8b\x08\xe0".as_slice(), &gzip(b"text")[4..]].concat();
    assert!(names(&odd).join("\n").contains("cannot be read"), "{:?}", names(&odd));
}

#[test]
fn headers_that_lie_about_their_size_are_not_believed() {
    for (flag, size) in [(b'L', 1_u64 << 40), (b'x', 1 << 40), (b'0', u64::MAX >> 1)] {
        let mut header = Header::new_gnu();
        header.as_old_mut().linkflag = [flag];
        header.set_size(size);
        header.set_cksum();
        let told = names(header.as_bytes()).join("\n");
        assert!(told.contains("cannot be read"), "{flag}: {told}");
    }
}

#[test]
fn a_pax_header_gives_name_and_size() {
    let record = |key: &str, value: &str| {
        let rest = key.len() + value.len() + 3;
        let length = rest + (rest + 2).to_string().len();
        format!("{length} {key}={value}\n")
    };
    let mut extension = Extension::default();
    extended(
        (record("path", "a=b c") + &record("size", "12") + &record("mtime", "1.5")).as_bytes(),
        &mut extension,
    )
    .expect("records");
    assert_eq!((extension.path.as_deref(), extension.size), (Some(&b"a=b c"[..]), Some(12)));
    for bad in ["x", "5 a=b", "99 a=b\n", "0 a=b\n", "6 path\n", "10 size=-1\n"] {
        assert!(extended(bad.as_bytes(), &mut Extension::default()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(at in 0_usize..4_000, byte in any::<u8>(), cut in 0_usize..4_000, noise in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut bytes = tar(&[("app", &program()), ("inner.tar.gz", &gzip(&tar(&[("b", &program())])))]);
        bytes.truncate(cut);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = found(&bytes);
        let _ = found(&deb(&[("data.tar.gz", &noise)]));
        let _ = found(&[b"\x1f\x8b\x08".as_slice(), &noise].concat());
    }
}
