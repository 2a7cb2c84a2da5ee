//! Files made by hand in each format, lists that are no lists, and sections that are not what they seem.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;

use super::*;

type Sections<'s> = &'s [(&'s str, &'s [u8])];

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const KEY: &str = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

fn list() -> String {
    r#"{"packages":[
        {"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},
        {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
        {"name":"dep","version":"1.0.0","source":"crates.io","kind":"runtime"}],"format":1}"#
        .to_owned()
}

fn pins() -> String {
    format!(
        r#"{{"format":1,"manifest":"sha256:{ZEROS}","keys":["{KEY}"],"packages":[
            {{"name":"dep","version":"1.0.0","source":"registry+https://github.com/rust-lang/crates.io-index","checksum":"sha256:{ZEROS}","tree":"b3:{ZEROS}"}}]}}"#
    )
}

/// A 64-bit little-endian ELF file (System V ABI, chapter 4): header, data, names, section headers.
fn elf(sections: Sections<'_>) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    file.resize(64, 0);
    let mut names = vec![0];
    let mut headers = vec![0; 64];
    let mut header = |name: usize, kind: u32, offset: usize, size: usize| {
        headers.extend((name as u32).to_le_bytes());
        headers.extend(kind.to_le_bytes());
        headers.extend([0; 16]);
        headers.extend((offset as u64).to_le_bytes());
        headers.extend((size as u64).to_le_bytes());
        headers.extend([0; 24]);
    };
    for (name, data) in sections {
        header(names.len(), 1, file.len(), data.len());
        names.extend(name.bytes().chain([0]));
        file.extend(*data);
    }
    let name = names.len();
    names.extend(b".shstrtab\0");
    header(name, 3, file.len(), names.len());
    file.extend(&names);
    file.resize(file.len().next_multiple_of(8), 0);
    let offset = file.len() as u64;
    file[40..48].copy_from_slice(&offset.to_le_bytes());
    file[52..54].copy_from_slice(&64_u16.to_le_bytes());
    file[58..60].copy_from_slice(&64_u16.to_le_bytes());
    file[60..62].copy_from_slice(&(sections.len() as u16 + 2).to_le_bytes());
    file[62..64].copy_from_slice(&(sections.len() as u16 + 1).to_le_bytes());
    file.extend(&headers);
    file
}

/// A 64-bit Mach-O file (`mach-o/loader.h`): header, one segment with its sections, data.
fn macho(sections: Sections<'_>) -> Vec<u8> {
    let size = 72 + 80 * sections.len();
    let mut file = Vec::new();
    for word in [0xfeed_facf_u32, 0x0100_0007, 3, 6, 1, size as u32, 0, 0, 0x19, size as u32] {
        file.extend(word.to_le_bytes());
    }
    file.extend(b"__DATA\0\0\0\0\0\0\0\0\0\0");
    file.extend([0; 40]);
    file.extend((sections.len() as u32).to_le_bytes());
    file.extend([0; 4]);
    let mut offset = 32 + size;
    for (name, data) in sections {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(16, 0);
        file.extend(&padded);
        file.extend(b"__DATA\0\0\0\0\0\0\0\0\0\0");
        file.extend([0; 8]);
        file.extend((data.len() as u64).to_le_bytes());
        file.extend((offset as u32).to_le_bytes());
        file.extend([0; 28]);
        offset += data.len();
    }
    sections.iter().for_each(|(_, data)| file.extend(*data));
    file
}

/// A universal file (`mach-o/fat.h`).
fn fat(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut offset = 8 + 20 * parts.len();
    file.extend(0xcafe_babe_u32.to_be_bytes());
    file.extend((parts.len() as u32).to_be_bytes());
    for part in parts {
        for word in [0x0100_0007, 3, offset as u32, part.len() as u32, 0] {
            file.extend(word.to_be_bytes());
        }
        offset += part.len();
    }
    parts.iter().for_each(|part| file.extend(part));
    file
}

/// A 64-bit Windows program (PE format): stub, headers, sections padded to 512 bytes.
fn pe(sections: Sections<'_>) -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(60, 0);
    file.extend(64_u32.to_le_bytes());
    file.extend(b"PE\0\0\x64\x86");
    file.extend((sections.len() as u16).to_le_bytes());
    file.extend([0; 12]);
    file.extend(112_u16.to_le_bytes());
    file.extend([0x22, 0]);
    file.extend([0x0b, 0x02]);
    file.resize(file.len() + 110, 0);
    let mut offset = (file.len() + 40 * sections.len()).next_multiple_of(512);
    let data_at = offset;
    for (at, (name, data)) in sections.iter().enumerate() {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(8, 0);
        file.extend(&padded);
        let raw = data.len().next_multiple_of(512);
        for word in [data.len(), 0x1000 * (at + 1), raw, offset] {
            file.extend((word as u32).to_le_bytes());
        }
        file.extend([0; 16]);
        offset += raw;
    }
    file.resize(data_at, 0);
    for (_, data) in sections {
        file.extend(*data);
        file.resize(file.len().next_multiple_of(512), 0);
    }
    file
}

fn wasm(sections: Sections<'_>) -> Vec<u8> {
    let mut file = b"\0asm\x01\0\0\0".to_vec();
    for (name, data) in sections {
        let size = 1 + name.len() + data.len();
        file.push(0);
        file.extend([size as u8 & 0x7f | 0x80, (size >> 7) as u8]);
        file.push(name.len() as u8);
        file.extend(name.bytes());
        file.extend(*data);
    }
    file
}

/// The error for an ELF file with these texts in its sections.
fn refusal(list: Option<&str>, pins: Option<&str>) -> String {
    let list = list.map(|text| zlib(text.as_bytes()));
    let pins = pins.map(|text| zlib(text.as_bytes()));
    let sections = [(LIST, &list), (PINS, &pins)];
    let sections = sections.iter().filter_map(|(name, data)| Some((*name, data.as_deref()?)));
    read(&elf(&sections.collect::<Vec<_>>())).map(drop).expect_err("refused").to_string()
}

#[test]
fn every_format_is_read() {
    let (list, pins) = (zlib(list().as_bytes()), zlib(pins().as_bytes()));
    let long: Sections<'_> = &[(".text", b"code"), (LIST, &list), (PINS, &pins)];
    let short: Sections<'_> = &[(LIST, &list), (PINS_PE, &pins)];
    for (file, format) in [
        (elf(long), Format::Elf),
        (macho(long), Format::MachO),
        (fat(&[macho(long), macho(long)]), Format::MachO),
        (pe(short), Format::Pe),
        (wasm(long), Format::Wasm),
    ] {
        let embedded = read(&file).expect("readable");
        assert_eq!(embedded.format, format);
        let names = embedded.packages.iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names, ["app", "cc", "dep"], "{format}");
        assert_eq!(embedded.root().map(|root| root.dependencies.as_slice()), Some(&[1, 2][..]));
        assert_eq!(embedded.packages[1].kind, EmbeddedKind::Build);
        let pin = embedded.pin_of(&embedded.packages[2]).expect("pinned");
        assert_eq!(pin.checksum.map(|sum| sum.hex()).as_deref(), Some(ZEROS));
        assert_eq!(embedded.pin_of(&embedded.packages[1]), None);
        assert_eq!(embedded.provenance.expect("there").keys, [KEY]);
    }
}

#[test]
fn what_carries_nothing_is_told_from_what_is_not_known() {
    for bytes in [
        &b""[..],
        b"#!/bin/sh\n",
        b"MZ",
        b"\x7fEL",
        b"PK\x03\x04",
        &[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 0, 1],
    ] {
        assert_eq!(read(bytes), Err(ArtifactError::NotExecutable), "{bytes:?}");
    }
    let other: Sections<'_> = &[(".text", b"code")];
    for (file, format) in [
        (elf(other), Format::Elf),
        (macho(other), Format::MachO),
        (fat(&[macho(other)]), Format::MachO),
        (pe(other), Format::Pe),
        (wasm(other), Format::Wasm),
    ] {
        assert_eq!(read(&file), Err(ArtifactError::NoSection(format)));
    }
    let good = zlib(list().as_bytes());
    let mut cut = elf(&[(LIST, &good)]);
    cut.truncate(cut.len() - 1);
    assert!(matches!(read(&cut), Err(ArtifactError::Damaged { format: Format::Elf, .. })));
    let mut outside = elf(&[(LIST, &good)]);
    let headers = outside.len() - 128;
    outside[headers + 24..headers + 32].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = read(&outside).expect_err("refused").to_string();
    assert_eq!(error, "its `.dep-v0` section is unreadable: its data lies outside of the file");
    let mut module = wasm(&[(LIST, &good)]);
    module.pop();
    assert!(matches!(read(&module), Err(ArtifactError::Damaged { format: Format::Wasm, .. })));
}

#[test]
fn a_program_that_starts_and_has_an_odd_header_is_not_taken_for_none() {
    let good = zlib(list().as_bytes());
    // The kernel looks at the first four bytes alone.
    for (at, byte) in [(4, 0), (4, 9), (5, 0), (6, 7)] {
        let mut odd = elf(&[(LIST, &good)]);
        odd[at] = byte;
        let read = read(&odd);
        assert!(
            matches!(read, Ok(_) | Err(ArtifactError::Damaged { format: Format::Elf, .. })),
            "{at}: {read:?}"
        );
    }
    let component = b"\0asm\x0d\0\x01\0";
    assert!(matches!(read(component), Err(ArtifactError::Damaged { format: Format::Wasm, .. })));
}

#[test]
fn a_second_list_is_never_overlooked() {
    let good = zlib(list().as_bytes());
    let other = zlib(br#"{"packages":[]}"#);
    for (sections, expected) in [
        (&[(LIST, &good[..]), (LIST, &other)][..], "there are two"),
        (&[(LIST, &[&good[..], &other].concat())], "bytes follow its data"),
        (&[(LIST, &[&good[..], b"\0\0\x01"].concat())], "3 bytes follow its data"),
    ] {
        let error = read(&elf(sections)).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Linkers pad with zeros.
    assert!(read(&elf(&[(LIST, &[&good[..], &[0; 511]].concat())])).is_ok());
    let pins = zlib(pins().as_bytes());
    let error = read(&pe(&[(LIST, &good), (PINS, &pins), (PINS_PE, &pins)]));
    // The long name is cut in such a file, so that it is another section's.
    assert!(error.is_ok(), "{error:?}");
}

#[test]
fn a_list_that_contradicts_itself_is_refused() {
    let package = |more: &str| format!(r#"{{"name":"a","version":"1.0.0","source":"crates.io"{more}}}"#);
    let packages = |all: &[String]| format!(r#"{{"packages":[{}]}}"#, all.join(","));
    let local =
        |name: &str, more: &str| format!(r#"{{"name":"{name}","version":"1.0.0","source":"local"{more}}}"#);
    for (text, expected) in [
        (packages(&[package(""), package("")]), "`a v1.0.0` stands there twice"),
        (packages(&[package(r#","dependencies":[1]"#)]), "`a v1.0.0` depends on what is not there"),
        (packages(&[package(r#","dependencies":[18446744073709551615]"#)]), "depends on what is not there"),
        (packages(&[package(r#","dependencies":[0]"#)]), "in a circle"),
        (
            packages(&[local("a", r#","dependencies":[1]"#), local("b", r#","dependencies":[0]"#)]),
            "its packages depend on each other in a circle",
        ),
        (packages(&[local("a", r#","root":true"#), local("b", r#","root":true"#)]), "two roots"),
        (packages(&[local("a b", "")]), "package 0 has no plain name, version or source"),
        (packages(&[local("a", "").replace("1.0.0", "1")]), "package 0 has no plain"),
        (packages(&[local("a", "").replace("local", "\\u001b[31m")]), "package 0 has no plain"),
        (packages(&[local("a", r#","kind":"dev""#)]), "no list in line 1 column"),
        (packages(&[local("a", r#","name":"b""#)]), "no list in line 1 column"),
        ("{}".to_owned(), "no list in line 1"),
        ("[".repeat(1 << 16), "no list in line 1 column"),
    ] {
        let error = refusal(Some(&text), None);
        assert!(error.starts_with("its `.dep-v0` section is unreadable: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    // Two repositories may each have one, and the same package may be asked for by two names.
    let twins = packages(&[local("a", ""), local("a", ""), local("b", r#","dependencies":[1,0,1]"#)]);
    let embedded = read(&elf(&[(LIST, &zlib(twins.as_bytes()))])).expect("readable");
    assert_eq!(embedded.packages[2].dependencies, [0, 1]);
    // A newer format is read as the one before it.
    let newer = list().replace("\"format\":1", "\"format\":9,\"more\":{}").replace("\"local\"", "\"hg\"");
    let embedded = read(&elf(&[(LIST, &zlib(newer.as_bytes()))])).expect("readable");
    assert_eq!(embedded.packages[0].source, EmbeddedSource::Other("hg".into()));
}

#[test]
fn pins_that_are_not_the_documented_form_are_refused() {
    let (list, good) = (list(), pins());
    let twice = good.replace(
        "\"packages\":[",
        "\"packages\":[{\"name\":\"dep\",\"version\":\"1.0.0\",\"path\":\"z\",\"tree\":\"b3:Z\"},",
    );
    let twice = twice.replace("b3:Z", &format!("b3:{ZEROS}"));
    for (text, expected) in [
        (good.replace("\"format\":1", "\"format\":2"), "format 2 is unknown to this version"),
        (good.replace("\"keys\"", "\"more\":1,\"keys\""), "not its format in line"),
        (good.replace(KEY, "SHA256:short"), "`keys` are not distinct fingerprints"),
        (good.replace(&format!("[\"{KEY}\"]"), &format!("[\"{KEY}\",\"{KEY}\"]")), "`keys` are not distinct"),
        (good.replacen(ZEROS, "0", 1), "`manifest` is no SHA-256"),
        (good.replace("b3:", "sha256:"), "package 0 is no pin"),
        (good.replace("registry+", "path+"), "package 0 is no pin"),
        (good.replace("\"source\"", "\"path\":\"x\",\"source\""), "package 0 is no pin"),
        (twice, "its packages are not in order"),
        (good.replace("\"dep\"", "\"other\""), "it pins `other v1.0.0`, which `.dep-v0` does not list"),
    ] {
        let error = refusal(Some(&list), Some(&text));
        assert!(error.starts_with("its `.provenance-v1` section is unreadable: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        refusal(None, Some(&good)).contains("`.dep-v0` section is unreadable: a part of the file has none")
    );
}

#[test]
fn a_bomb_and_a_broken_stream_are_refused() {
    let read_list = |data: &[u8]| read(&elf(&[(LIST, data)])).expect_err("refused").to_string();
    let bomb = zlib(&vec![b' '; limits::INFLATED + 1]);
    assert!(read_list(&bomb).contains("more than 8 MiB"), "{}", read_list(&bomb));
    // Many small programs in one file are no way around it.
    let half = format!("{}{}", list(), " ".repeat(limits::INFLATED / 2));
    let part = || macho(&[(LIST, &zlib(half.as_bytes()))]);
    assert!(read(&fat(&[part()])).is_ok());
    assert!(read(&fat(&[part(), part()])).expect_err("refused").to_string().contains("more than 8 MiB"));
    let good = zlib(list().as_bytes());
    for length in 0..good.len() {
        assert!(read_list(&good[..length]).contains("does not decompress"), "{length}");
    }
    let mut wrong = good.clone();
    *wrong.last_mut().expect("bytes") ^= 1;
    assert!(read_list(&wrong).contains("does not decompress"));
}

#[test]
fn a_universal_file_says_what_all_of_its_programs_say() {
    let part = |list: &str| macho(&[(LIST, &zlib(list.as_bytes()))]);
    let other = list().replace("\"cc\"", "\"xx\"").replace("\"kind\":\"build\"", "\"kind\":\"runtime\"");
    let embedded = read(&fat(&[part(&list()), part(&other)])).expect("readable");
    let names = embedded.packages.iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["app", "cc", "dep", "xx"]);
    assert_eq!(embedded.root().expect("one").dependencies, [1, 2, 3]);
    let silent = macho(&[(".text", b"code")]);
    let error = read(&fat(&[part(&list()), silent])).expect_err("refused").to_string();
    assert!(error.contains("a part of the file has none"), "{error}");
    let roots = list().replace("\"app\"", "\"ape\"");
    let error = read(&fat(&[part(&list()), part(&roots)])).expect_err("refused").to_string();
    assert!(error.contains("two roots"), "{error}");
    let circle = r#"{"packages":[{"name":"dep","version":"1.0.0","source":"crates.io","dependencies":[1]},{"name":"cc","version":"1.0.0","source":"crates.io"}]}"#;
    let back = r#"{"packages":[{"name":"cc","version":"1.0.0","source":"crates.io","dependencies":[1]},{"name":"dep","version":"1.0.0","source":"crates.io"}]}"#;
    let error = read(&fat(&[part(circle), part(back)])).expect_err("refused").to_string();
    assert!(error.contains("in a circle"), "{error}");
    let pinned = |pins: &str| macho(&[(LIST, &zlib(list().as_bytes())), (PINS, &zlib(pins.as_bytes()))]);
    let others = pins().replacen('0', "1", 1).replacen(ZEROS, &"1".repeat(64), 1);
    let error = read(&fat(&[pinned(&pins()), pinned(&others)])).expect_err("refused").to_string();
    assert!(error.contains(".provenance-v1"), "{error}");
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes: Vec<u8>, magic in 0usize..6) {
        let magics: [&[u8]; 6] =
            [b"", b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\0\x02", b"MZ", b"\0asm\x01\0\0\0"];
        let _ = read(&[magics[magic], &bytes].concat());
    }

    #[test]
    fn no_damage_makes_it_panic_or_lie(kind in 0usize..5, at: prop::sample::Index, with: u8) {
        let (list, pins) = (zlib(list().as_bytes()), zlib(pins().as_bytes()));
        let sections: Sections<'_> = &[(LIST, &list), (PINS, &pins)];
        let mut file = match kind {
            0 => elf(sections),
            1 => macho(sections),
            2 => fat(&[macho(sections), macho(sections)]),
            3 => pe(&[(LIST, &list), (PINS_PE, &pins)]),
            _ => wasm(sections),
        };
        let honest = read(&file).expect("readable");
        let at = at.index(file.len());
        file[at] = with;
        if let Ok(read) = read(&file) {
            // A name that is no more may take the pins away, and nothing else changes what is read.
            prop_assert_eq!(&read.packages, &honest.packages);
            prop_assert!(read.provenance.is_none() || read.provenance == honest.provenance);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", json in r#"[\[\]{}":,a-z0-9]{0,200}"#) {
        for text in [text, json] {
            let data = zlib(text.as_bytes());
            prop_assert!(read(&elf(&[(LIST, &data)])).is_err() || text.contains("packages"));
            let _ = read(&elf(&[(LIST, &zlib(list().as_bytes())), (PINS, &data)]));
        }
    }
}
