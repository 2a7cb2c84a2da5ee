//! What a file is by its first bytes, and what its name claims.

/// What a file is that is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Compressed or packed data.
    Compressed(&'static str),
    /// A program or a shared library.
    Executable(&'static str),
    /// An archive that only names what the libraries of a system have: there is no code in it.
    Import,
    /// Code that a linker takes: object files, archives of them, compiled Rust libraries.
    Object(&'static str),
    /// A WebAssembly module.
    Wasm,
}

/// How an archive of object files begins (System V `ar`, and Microsoft's "PE Format", section "Archive (Library) File Format").
const ARCHIVE: &[u8] = b"!<arch>\n";

/// Formats that are known by how a file begins.
const BEGINNINGS: &[(&[u8], Format)] = &[
    (b"\x7fELF", Format::Executable("an ELF program or library")),
    (b"\xfe\xed\xfa\xce", Format::Executable("a Mach-O program or library")),
    (b"\xfe\xed\xfa\xcf", Format::Executable("a Mach-O program or library")),
    (b"\xce\xfa\xed\xfe", Format::Executable("a Mach-O program or library")),
    (b"\xcf\xfa\xed\xfe", Format::Executable("a Mach-O program or library")),
    (b"\0asm", Format::Wasm),
    (ARCHIVE, Format::Object("an archive of object files")),
    (b"!<thin>\n", Format::Object("an archive of object files")),
    (b"BC\xc0\xde", Format::Object("LLVM bitcode")),
    (b"\xde\xc0\x17\x0b", Format::Object("LLVM bitcode")),
    // An import, or an object file with more than 65,535 sections.
    (b"\0\0\xff\xff", Format::Object("a COFF object file")),
    (b"rust\0\0\0", Format::Object("a compiled Rust library")),
    (b"\x1f\x8b\x08", Format::Compressed("gzip data")),
    (b"PK\x03\x04", Format::Compressed("a zip archive")),
    (b"\xfd7zXZ\0", Format::Compressed("xz data")),
    (b"\x28\xb5\x2f\xfd", Format::Compressed("zstd data")),
    (b"BZh", Format::Compressed("bzip2 data")),
    (b"7z\xbc\xaf\x27\x1c", Format::Compressed("a 7z archive")),
];

/// Machines of COFF: unknown, i386, AMD64, ARM, Thumb 2, ARM64, ARM64EC (Microsoft, "PE Format", section "Machine Types").
const MACHINES: &[u16] = &[0x014c, 0x8664, 0x01c0, 0x01c4, 0xaa64, 0xa641];

/// Extensions of text, images and fonts: what bears one is nothing that runs.
const HARMLESS: &[&str] = &[
    "bmp", "c", "cc", "cfg", "conf", "cpp", "css", "csv", "gif", "h", "hpp", "htm", "html", "ico", "ini",
    "jpeg", "jpg", "js", "json", "lock", "md", "otf", "png", "proto", "ps1", "py", "rs", "rst", "sh", "svg",
    "toml", "ts", "ttf", "txt", "webp", "woff", "woff2", "xml", "yaml", "yml",
];

/// What a file is; `None` for text and for everything else that is not known.
pub fn format(path: &str, content: &[u8]) -> Option<Format> {
    let known = BEGINNINGS.iter().find(|(beginning, _)| content.starts_with(beginning));
    let known = known.map(|(_, format)| *format);
    let known = known.or_else(|| pe(content)).or_else(|| fat(content)).or_else(|| coff(content));
    if content.starts_with(ARCHIVE) && is_import_library(content) == Some(true) {
        return Some(Format::Import);
    }
    let object = || {
        // 3D models have the extension, too, and are text.
        let is_one = matches!(&*extension(path), "a" | "lib" | "o" | "obj" | "rlib" | "rmeta");
        (is_one && is_binary(content)).then_some(Format::Object("an object file, by its name"))
    };
    match known {
        Some(Format::Compressed(_)) | None => object().or(known),
        Some(_) => known,
    }
}

/// The extension of a path in lower case; empty where there is none.
pub(super) fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// Whether the name of a file claims that nothing in it can run.
pub(super) fn claims_harmless(path: &str) -> bool {
    HARMLESS.contains(&&*extension(path))
}

fn is_binary(content: &[u8]) -> bool {
    content.contains(&0) || std::str::from_utf8(content).is_err()
}

fn u16_at(content: &[u8], at: usize) -> Option<u16> {
    let bytes = content.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_at(content: &[u8], at: usize) -> Option<u32> {
    let bytes = content.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// A program of Windows says where its header is.
fn pe(content: &[u8]) -> Option<Format> {
    let header = content.starts_with(b"MZ").then(|| u32_at(content, 0x3c))??;
    let header = content.get(usize::try_from(header).ok()?..)?;
    header.starts_with(b"PE\0\0").then_some(Format::Executable("a Windows program or library"))
}

/// Programs for several machines. Java's classes begin alike, and count from 45 where these have the number of machines.
fn fat(content: &[u8]) -> Option<Format> {
    let begins = content.starts_with(b"\xca\xfe\xba\xbe") || content.starts_with(b"\xca\xfe\xba\xbf");
    let machines = begins.then(|| u32_at(content, 4))??.swap_bytes();
    (1..30).contains(&machines).then_some(Format::Executable("a Mach-O program or library"))
}

/// An object file of Windows has no mark: its header must make sense.
fn coff(content: &[u8]) -> Option<Format> {
    sections(content)?;
    let is_named = content.get(20).is_some_and(|byte| matches!(byte, b'.' | b'/' | b'_'));
    is_named.then_some(Format::Object("a COFF object file"))
}

/// How many sections an object file of Windows has, if it is one.
fn sections(content: &[u8]) -> Option<usize> {
    let machine = u16_at(content, 0)?;
    let sections = usize::from(u16_at(content, 2)?);
    let symbols = usize::try_from(u32_at(content, 8)?).ok()?;
    let optional = u16_at(content, 16)?;
    let headers = 20 + 40 * sections;
    let makes_sense = MACHINES.contains(&machine)
        && (1..=4_096).contains(&sections)
        && optional == 0
        && headers <= content.len()
        && (symbols == 0 || (headers..=content.len()).contains(&symbols));
    makes_sense.then_some(sections)
}

/// Whether all members of an archive only name functions of shared libraries: imports, and the tables that hold them
/// together. Linkers find code, or their own orders (`.drectve`), in everything else.
fn is_import_library(content: &[u8]) -> Option<bool> {
    const HEADER: usize = 60;
    let mut at = ARCHIVE.len();
    let mut imports = 0;
    while at < content.len() {
        let header = content.get(at..at + HEADER)?;
        let size = std::str::from_utf8(&header[48..58]).ok()?.trim_end().parse::<usize>().ok()?;
        let member = content.get(at + HEADER..(at + HEADER).checked_add(size)?)?;
        let name = header[..16].trim_ascii_end();
        if !matches!(name, b"/" | b"//" | b"/<ECSYMBOLS>/") {
            if !member.starts_with(b"\0\0\xff\xff") && !only_imports(member)? {
                return Some(false);
            }
            imports += 1;
        }
        at += HEADER + size + size % 2;
    }
    Some(imports > 0)
}

/// Whether every section of an object file belongs to tables of imports: at most a jump through one is code.
fn only_imports(object: &[u8]) -> Option<bool> {
    // "Section Flags": `IMAGE_SCN_CNT_CODE`, `IMAGE_SCN_MEM_EXECUTE`.
    const CODE: u32 = 0x20 | 0x2000_0000;
    // `jmp *ADDRESS`, and what fills it up; i386 and AMD64.
    let is_jump = |code: &[u8]| {
        code.len() <= 8
            && code.starts_with(b"\xff\x25")
            && code[2..].get(4..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0x90))
    };
    let is_harmless = |at: usize| {
        let (name, flags) = (object.get(at..at + 8)?, u32_at(object, at + 36)?);
        let size = usize::try_from(u32_at(object, at + 16)?).ok()?;
        let start = usize::try_from(u32_at(object, at + 20)?).ok()?;
        let is_table = name.starts_with(b".idata$") || name == b".debug$S";
        let is_code = name == b".text\0\0\0" || name == b".data\0\0\0" || name == b".bss\0\0\0\0";
        Some(match () {
            () if is_table => flags & CODE == 0,
            () if is_code => size == 0 || object.get(start..start.checked_add(size)?).is_some_and(is_jump),
            () => false,
        })
    };
    (0..sections(object)?).try_fold(true, |all, number| Some(all && is_harmless(20 + 40 * number)?))
}

impl Format {
    /// What it is, with an article.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compressed(what) | Self::Executable(what) | Self::Object(what) => what,
            Self::Import => "an import library without code",
            Self::Wasm => "a WebAssembly module",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An inert header of a Windows program.
    fn windows_program() -> Vec<u8> {
        let mut bytes = vec![0; 0x84];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[0x3c] = 0x80;
        bytes[0x80..].copy_from_slice(b"PE\0\0");
        bytes
    }

    fn object() -> Vec<u8> {
        let mut bytes = vec![0; 60];
        bytes[..4].copy_from_slice(&[0x64, 0x86, 1, 0]);
        bytes[20..25].copy_from_slice(b".text");
        bytes
    }

    #[test]
    fn files_are_known_by_their_first_bytes() {
        let lost = {
            let mut bytes = windows_program();
            bytes[0x3f] = 0x7f;
            bytes
        };
        let cases: &[(&str, &[u8], Option<&str>)] = &[
            ("x", b"\x7fELF", Some("an ELF program or library")),
            ("x", b"\x7fEL", None),
            ("x", &windows_program(), Some("a Windows program or library")),
            ("x", &lost, None),
            ("x", b"MZ is the beginning of a sentence", None),
            ("x", b"\xcf\xfa\xed\xfe", Some("a Mach-O program or library")),
            ("x", b"\xca\xfe\xba\xbe\0\0\0\x02", Some("a Mach-O program or library")),
            // A class of Java 6.
            ("x.class", b"\xca\xfe\xba\xbe\0\0\0\x32", None),
            ("x", b"\0asm\x01\0\0\0", Some("a WebAssembly module")),
            ("x", b"!<arch>\n", Some("an archive of object files")),
            ("x", b"BC\xc0\xde", Some("LLVM bitcode")),
            ("x", &object(), Some("a COFF object file")),
            ("x", &object()[..59], None),
            ("x.lib", b"\x01\x02\0", Some("an object file, by its name")),
            ("model.obj", b"v 0.123 0.234 0.345\n", None),
            ("x.O", b"\xff\xfe", Some("an object file, by its name")),
            ("x.png", b"\x89PNG\r\n", None),
            ("x", b"", None),
        ];
        for (path, content, expected) in cases {
            assert_eq!(format(path, content).map(Format::as_str), *expected, "{path} {content:?}");
        }
    }

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = ARCHIVE.to_vec();
        for (name, content) in members {
            bytes.extend(format!("{name:<16}{:<32}{:<10}`\n", "", content.len()).bytes());
            bytes.extend(*content);
            bytes.extend((content.len() % 2 == 1).then_some(b'\n'));
        }
        bytes
    }

    #[test]
    fn an_archive_of_names_alone_has_no_code() {
        let section = |name: &[u8], flags: u8| {
            let mut bytes = object();
            bytes[20..28].fill(0);
            bytes[20..20 + name.len()].copy_from_slice(name);
            bytes[56] = flags;
            bytes
        };
        let code = |code: &[u8]| {
            let mut bytes = section(b".text", 0x20);
            bytes[36] = u8::try_from(code.len()).expect("short");
            bytes[40] = 60;
            bytes.extend(code);
            bytes
        };
        let import: &[u8] = b"\0\0\xff\xffx";
        let table = section(b".idata$2", 0x40);
        let honest = archive(&[("/", b"index"), ("//", b"names"), ("/0", import), ("a.dll/", &table)]);
        assert_eq!(format("x.lib", &honest), Some(Format::Import));
        let jump = code(b"\xff\x25\0\0\0\0\x90\x90");
        assert_eq!(format("x.a", &archive(&[("a.o/", &jump)])), Some(Format::Import));
        for hostile in [
            archive(&[("/0", import), ("evil.o/", &code(b"\xff\x25\0\0\0\0\xcc"))]),
            archive(&[("/0", import), ("evil.o/", &code(b"\x90\x90"))]),
            archive(&[("/0", import), ("evil.o/", &section(b".idata$2", 0x20))]),
            archive(&[("/0", import), ("evil.o/", &section(b".drectve", 0))]),
            archive(&[("/0", import), ("evil.o/", b"\x7fELF")]),
            archive(&[("/", b"index")]),
            [&*honest, b"rest"].concat(),
            honest[..honest.len() - 1].to_vec(),
        ] {
            let found = format("x.lib", &hostile);
            assert_eq!(found, Some(Format::Object("an archive of object files")), "{hostile:?}");
        }
    }

    #[test]
    fn extensions_are_those_of_the_last_part() {
        for (path, expected) in
            [("a/b.RS", "rs"), ("a.d/b", ""), (".gitignore", "gitignore"), ("a.tar.gz", "gz"), ("", "")]
        {
            assert_eq!(extension(path), expected, "{path}");
        }
        assert!(claims_harmless("logo.PNG") && !claims_harmless("logo.exe") && !claims_harmless("png"));
    }
}
