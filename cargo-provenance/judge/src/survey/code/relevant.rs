//! Whether a source can matter at all where a program runs: a look at its words, which takes a tenth of the time that its tokens do.
//!
//! It loses nothing: whatever is sighted there holds one of these words whole, or hides it in an escape or in `concat!`, which
//! counts as well. What looks like a word in a comment only costs time.

use super::words;

/// Names, which stand in paths of code.
const NAMES: &[&str] = &[
    "Command",
    "LoadLibraryA",
    "LoadLibraryExA",
    "LoadLibraryExW",
    "LoadLibraryW",
    "TcpSocket",
    "TcpStream",
    "UdpSocket",
    "cmd_lib",
    "dlmopen",
    "dlopen",
    "dlopen2",
    "duct",
    "env",
    "fs",
    "fs_err",
    "hyper",
    "hyper_util",
    "libc",
    "libloading",
    "nix",
    "sharedlib",
    "subprocess",
    "tempdir",
    "tempfile",
    "xshell",
];

/// Macros.
const MACROS: &[&str] = &["asm", "concat", "global_asm", "include", "naked_asm"];

/// Macros that cannot be told when an import gives them another name.
const RENAMED: &[&str] = &["include", "include_bytes", "include_str"];

/// Parts of hosts, in any case.
const HOSTS: &[&str] = &[
    "burpcollaborator",
    "discord",
    "discordapp",
    "gofile",
    "icanhazip",
    "ifconfig",
    "interact",
    "ipify",
    "ipinfo",
    "ngrok",
    "oast",
    "oastify",
    "pastebin",
    "pipedream",
    "requestbin",
    "requestcatcher",
    "slack",
    "telegram",
    "transfer",
    "trycloudflare",
    "vercel",
    "webhook",
    "workers",
];

/// Parts of paths that stand after a dot, a dash or a separator.
const PARTS: &[&str] = &[
    "aws",
    "bash_history",
    "bash_profile",
    "bashrc",
    "credentials",
    "docker",
    "gcloud",
    "gh",
    "gnupg",
    "kube",
    "netrc",
    "npmrc",
    "onion",
    "pgpass",
    "pypirc",
    "shm",
    "ssh",
    "tmp",
    "zsh_history",
    "zshrc",
];

/// Parts of other texts.
const TEXTS: &[&str] = &[
    "9A",
    "9a",
    "AKIA",
    "F0",
    "Fa",
    "HJ",
    "LaunchAgents",
    "LaunchDaemons",
    "authorized_keys",
    "crontab",
    "f0",
    "fA",
    "ghp_",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "npm_",
    "sk",
    "tdata",
    "wallet",
    "xox",
];

/// A word that matters, and what must stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Anything,
    As,
    Bang,
    Host,
    Part,
    Windows,
}

/// The words by their first byte, as bits of their lengths and as the words themselves.
#[derive(Debug)]
pub(super) struct Relevant {
    lengths: [u32; 256],
    words: Vec<Vec<(Vec<u8>, Beside)>>,
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
        for word in words::all().chain(renamed).chain(NAMES.iter().chain(TEXTS).copied()) {
            relevant.add(word, Beside::Anything);
        }
        let beside =
            [(MACROS, Beside::Bang), (RENAMED, Beside::As), (HOSTS, Beside::Host), (PARTS, Beside::Part)];
        for (words, beside) in beside {
            words.iter().for_each(|word| relevant.add(word, beside));
        }
        relevant.add("appdata", Beside::Windows);
        relevant
    }

    fn add(&mut self, word: &str, beside: Beside) {
        let Some(first) = word.as_bytes().first() else { return };
        for first in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
            if first == word.as_bytes()[0] || matches!(beside, Beside::Host | Beside::Windows) {
                self.lengths[usize::from(first)] |= 1 << word.len().min(31);
                self.words[usize::from(first)].push((word.as_bytes().to_vec(), beside));
            }
        }
    }

    /// Whether the word at `at`, which is so long, matters where it stands.
    fn matters(&self, source: &[u8], at: usize, length: usize) -> bool {
        let word = &source[at..at + length];
        let (before, rest) = (at.checked_sub(1).map(|at| source[at]), &source[at + length..]);
        self.words[usize::from(source[at])].iter().any(|(known, beside)| match beside {
            Beside::Anything => known == word,
            Beside::As => known == word && first_of(rest) == Some(b'a'),
            Beside::Bang => known == word && matches!(first_of(rest), Some(b'!' | b'/')),
            Beside::Host => known.eq_ignore_ascii_case(word) && matches!(rest.first(), Some(b'.' | b'-')),
            Beside::Part => known == word && matches!(before, Some(b'.' | b'-' | b'/' | b'\\')),
            Beside::Windows => known.eq_ignore_ascii_case(word) && before == Some(b'\\'),
        })
    }

    /// Whether a source can matter.
    pub(super) fn is(&self, source: &[u8]) -> bool {
        let mut at = 0;
        while let Some(byte) = source.get(at) {
            if PART[usize::from(*byte)] {
                let length = source[at..].iter().take_while(|byte| PART[usize::from(**byte)]).count();
                if self.lengths[usize::from(*byte)] & 1 << length.min(31) != 0
                    && self.matters(source, at, length)
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

/// The first byte that is no space.
fn first_of(rest: &[u8]) -> Option<u8> {
    rest.iter().find(|byte| !byte.is_ascii_whitespace()).copied()
}

/// Whether `#[path = "…"]` goes on here.
fn names_file(rest: &[u8]) -> bool {
    let mut rest = rest.iter().skip_while(|byte| byte.is_ascii_whitespace());
    match rest.next() {
        Some(b'=') => {
            rest.find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"\"r/$".contains(byte))
        }
        Some(b'/') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
            "fn f() { core::arch::asm! (\"nop\"); }",
            "const A: &str = \"https://API.Telegram.ORG/bot\";",
            "const A: &str = \"x.NGROK-free.app\";",
            "const A: &str = \"~/.git-credentials\";",
            "const A: &str = \"/tmp\";",
            "const A: &str = \"/dev/shm\";",
            "use core::include as i;",
            "#[path = $p] mod a;",
            "fn f() { libc::system(a); nix::unistd::execve(b); }",
        ] {
            assert!(
                !scan(source.as_bytes(), &[], &HashSet::new(), false).seen.is_empty()
                    || source.contains("web"),
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
