//! Whether a source can matter at all where a program runs: a look at its words, which takes a tenth of the time that its tokens do.
//!
//! It loses nothing: whatever is sighted there holds one of these words whole, or hides it in an escape or in `concat!`, which
//! counts as well. What looks like a word in a comment only costs time.

use super::words;

/// Words of paths, of macros and of attributes, and parts of the texts that are looked for.
const WORDS: &[&[u8]] = &[
    b"9A",
    b"9a",
    b"AKIA",
    b"APPDATA",
    b"AppData",
    b"Command",
    b"F0",
    b"Fa",
    b"HJ",
    b"LaunchAgents",
    b"LaunchDaemons",
    b"LoadLibraryA",
    b"LoadLibraryExA",
    b"LoadLibraryExW",
    b"LoadLibraryW",
    b"TcpSocket",
    b"TcpStream",
    b"UdpSocket",
    b"appdata",
    b"asm",
    b"authorized_keys",
    b"aws",
    b"bash_history",
    b"bash_profile",
    b"bashrc",
    b"burpcollaborator",
    b"cmd_lib",
    b"concat",
    b"crontab",
    b"credentials",
    b"discord",
    b"discordapp",
    b"dlmopen",
    b"dlopen",
    b"dlopen2",
    b"docker",
    b"duct",
    b"env",
    b"execl",
    b"execle",
    b"execlp",
    b"execv",
    b"execve",
    b"execveat",
    b"execvp",
    b"execvpe",
    b"f0",
    b"fA",
    b"fork",
    b"fs",
    b"fs_err",
    b"gcloud",
    b"gh",
    b"ghp_",
    b"global_asm",
    b"gnupg",
    b"gofile",
    b"hyper",
    b"hyper_util",
    b"icanhazip",
    b"id_dsa",
    b"id_ecdsa",
    b"id_ed25519",
    b"id_rsa",
    b"ifconfig",
    b"include",
    b"interact",
    b"ipify",
    b"ipinfo",
    b"kube",
    b"libloading",
    b"naked_asm",
    b"netrc",
    b"ngrok",
    b"npm_",
    b"npmrc",
    b"oast",
    b"oastify",
    b"onion",
    b"pastebin",
    b"pgpass",
    b"pipedream",
    b"popen",
    b"posix_spawn",
    b"posix_spawnp",
    b"pypirc",
    b"requestbin",
    b"requestcatcher",
    b"sharedlib",
    b"shm",
    b"sk",
    b"slack",
    b"ssh",
    b"subprocess",
    b"system",
    b"tdata",
    b"telegram",
    b"tempdir",
    b"tempfile",
    b"tmp",
    b"transfer",
    b"trycloudflare",
    b"vercel",
    b"vfork",
    b"wallet",
    b"webhook",
    b"workers",
    b"xox",
    b"xshell",
    b"zsh_history",
    b"zshrc",
];

/// The words by their first byte, as bits of their lengths and as the words themselves.
#[derive(Debug)]
pub(super) struct Relevant {
    lengths: [u32; 256],
    words: Vec<Vec<Vec<u8>>>,
}

/// What a byte is to a word.
const PART: [bool; 256] = {
    let mut part = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        part[byte] = it.is_ascii_alphanumeric() || it == b'_';
        byte += 1;
    }
    part
};

impl Relevant {
    /// `renamed` are the other names of dependencies here.
    pub(super) fn new(renamed: &[(String, String)]) -> Self {
        let mut relevant = Self { lengths: [0; 256], words: vec![vec![]; 256] };
        let renamed = renamed.iter().map(|(key, _)| key.as_str());
        let named = words::all().chain(renamed).map(str::as_bytes);
        for word in WORDS.iter().copied().chain(named) {
            let Some(first) = word.first() else { continue };
            relevant.lengths[usize::from(*first)] |= 1 << word.len().min(31);
            relevant.words[usize::from(*first)].push(word.to_vec());
        }
        relevant
    }

    /// Whether a source can matter.
    pub(super) fn is(&self, source: &[u8]) -> bool {
        let mut at = 0;
        while let Some(byte) = source.get(at) {
            if PART[usize::from(*byte)] {
                let length = source[at..].iter().take_while(|byte| PART[usize::from(**byte)]).count();
                if self.lengths[usize::from(*byte)] & 1 << length.min(31) != 0
                    && self.words[usize::from(*byte)].iter().any(|word| word == &source[at..at + length])
                {
                    return true;
                }
                if length == 4 && &source[at..at + 4] == b"path" && names_file(&source[at + 4..]) {
                    return true;
                }
                at += length;
            } else {
                if *byte == b'\\' && matches!(source.get(at + 1), Some(b'x' | b'u')) {
                    return true;
                }
                at += 1;
            }
        }
        false
    }
}

/// Whether `#[path = "…"]` goes on here.
fn names_file(rest: &[u8]) -> bool {
    let mut rest = rest.iter().skip_while(|byte| byte.is_ascii_whitespace());
    match rest.next() {
        Some(b'=') => {
            rest.find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"\"r/".contains(byte))
        }
        Some(b'/') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::*;

    #[test]
    fn whatever_is_sighted_is_relevant() {
        let relevant = Relevant::new(&[("web".to_owned(), "ureq".to_owned())]);
        for source in [
            "use std::net::TcpStream as T; fn f() { T::connect(a); }",
            "use std::{process as p}; fn f() { p::Command::new(a); }",
            "fn f() { web::get(a); reqwest::get(b); }",
            "fn f() { r#std::r#env::vars(); }",
            "const A: &str = \"\\x2essh\";",
            "const A: &str = concat!(\".s\", \"sh\");",
            "const A: &str = \"[0-9a-fA-F]{64}\";",
            "const A: &str = \"[1-9A-HJ-NP-Za-km-z]{32}\";",
            "const A: &str = \"aaaaaaaaaaaaaaaa.onion\";",
            "const A: &str = \"x.workers.dev\";",
            "const A: &str = \"~/.config/gh/hosts.yml\";",
            "const A: &str = \"C:\\\\Users\\\\x\\\\AppData\\\\Local\\\\Temp\";",
            "fn f() { core::arch::asm!(\"nop\"); }",
        ] {
            assert!(
                !scan(source.as_bytes(), &[], false).seen.is_empty() || source.contains("web"),
                "{source}"
            );
            assert!(relevant.is(source.as_bytes()), "{source}");
        }
        assert!(relevant.is(b"#[path = \"x.rs\"] mod a;") && relevant.is(b"#[path /**/ = r\"x.rs\"] mod a;"));
        assert!(!relevant.is(b"pub struct Path { path: u8 } // a\\b"));
    }

    #[test]
    fn every_word_that_is_looked_for_is_relevant() {
        let relevant = Relevant::new(&[]);
        for word in words::all() {
            assert!(relevant.is(word.as_bytes()), "{word}");
        }
        for text in words::texts() {
            assert!(relevant.is(text.as_bytes()), "{text}");
        }
    }
}
