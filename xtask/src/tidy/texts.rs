//! What no committed file may contain: a path of somebody's machine, or the host of a registry that is not public.

use super::Offence;

/// Names that stand for anybody: examples may show their folders.
const ANYBODY: &[&str] = &["me", "user", "you"];

/// Checks one file, whatever it is.
pub(super) fn check(file: &str, text: &str) -> Vec<Offence> {
    // This file and its tests spell out what they look for.
    if file == "xtask/src/tidy/texts.rs" {
        return vec![];
    }
    let mut offences = vec![];
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(path) = machine_path(line, file.ends_with(".rs")) {
            offences.push(Offence::new(file, number, format!("`{path}` is a path of somebody's machine")));
        }
        if let Some(host) = registry_host(line) {
            let message =
                format!("`{host}` is neither cargo's own registry, nor an example, nor this machine");
            offences.push(Offence::new(file, number, message));
        }
    }
    offences
}

// Sources make up homes for their tests; documents have nothing to make up.
fn machine_path(line: &str, is_source: bool) -> Option<&str> {
    if let Some(at) = line.find("/root/") {
        // `${something}/root/` is a folder of that name, not the home of root.
        let before = line[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '}' | '.' | '_' | '-' | '>')) {
            return Some("/root/");
        }
    }
    if is_source {
        return None;
    }
    ["/home/", "/Users/"].into_iter().find_map(|home| {
        let (at, _) = line.match_indices(home).find(|(at, _)| {
            let user = line[at + home.len()..]
                .split(|c: char| !c.is_alphanumeric() && c != '-')
                .next()
                .unwrap_or_default();
            !user.is_empty() && !ANYBODY.contains(&user)
        })?;
        line[at..].split([' ', '"', '`', '\'']).next()
    })
}

fn registry_host(line: &str) -> Option<&str> {
    ["registry+http", "sparse+http"].into_iter().find_map(|kind| {
        line.match_indices(kind).find_map(|(at, _)| {
            let url = line[at..].split_once("://")?.1;
            let host = url
                .split(['/', ':', '"', '`', '\'', ' ', '?', '#', ')', '{', '\\'])
                .next()
                .unwrap_or_default();
            (!is_harmless(host)).then_some(host)
        })
    })
}

// Cargo's own hosts, loopback, names without a dot, and the names that RFC 2606 reserves for examples.
fn is_harmless(host: &str) -> bool {
    let reserved = ["example", "invalid", "localhost", "test"];
    matches!(host, "github.com" | "index.crates.io" | "127.0.0.1")
        || !host.contains('.')
        || host.rsplit('.').next().is_some_and(|last| reserved.contains(&last))
        || ["example.com", "example.net", "example.org"].iter().any(|name| host.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_and_private_registries_are_found() {
        for line in [
            "see /root/.cargo",
            "`/home/jane/app`",
            "/Users/jane/app",
            "sparse+https://mirror.corp.net/index/",
            "registry+https://crates.corp.net/git",
        ] {
            assert_eq!(check("README.md", line).len(), 1, "{line}");
        }
    }

    #[test]
    fn examples_and_public_hosts_pass() {
        for line in [
            "/home/me/app",
            "/home/user/app",
            "<root>/root/file",
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
            "sparse+https://index.crates.io/",
            "sparse+http://127.0.0.1:8080/",
            "registry+https://registry.example.org/index",
            "sparse+https://h/r",
        ] {
            assert_eq!(check("README.md", line), [], "{line}");
        }
    }
}
