//! The words that a rule looks for. A list is never complete: what is not in it is left to age, pins and closure.

/// Crates whose use reaches the network, by the name that code calls them.
const NET_CRATES: &[&str] = &[
    "attohttpc",
    "awc",
    "chttp",
    "curl",
    "ehttp",
    "gix_transport",
    "hickory_client",
    "hickory_resolver",
    "http_req",
    "isahc",
    "lettre",
    "libssh2_sys",
    "minreq",
    "nyquest",
    "oha",
    "postmark",
    "reqwest",
    "russh",
    "self_update",
    "ssh2",
    "suppaftp",
    "surf",
    "tokio_tungstenite",
    "trust_dns_resolver",
    "tungstenite",
    "ureq",
    "wreq",
];

/// Every word of the lists here that stands alone in a source.
pub(super) fn all<'s>() -> impl Iterator<Item = &'s str> {
    NET_CRATES.iter().chain(SECRETS).chain(CI).copied()
}

/// Every text of the lists here of which a part stands in a source.
#[cfg(test)]
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    CREDENTIALS.iter().chain(CREDENTIAL_PATHS).chain(EXFIL_HOSTS).copied()
}

/// Packages that bring the network to a build, by their own name.
const NET_PACKAGES: &[&str] = &["hyper", "hyper-util", "self-replace", "socket2", "mio", "tokio-native-tls"];

/// Whether code that names this crate uses the network.
pub(super) fn is_net_crate(name: &str) -> bool {
    NET_CRATES.contains(&name)
}

/// Whether a package brings the network to whoever depends on it.
pub(super) fn is_net_package(name: &str) -> bool {
    NET_PACKAGES.contains(&name) || is_net_crate(&name.replace('-', "_"))
}

/// Programs that download, or that run whatever they are told.
const DOWNLOADERS: &[&str] = &[
    "bash",
    "bitsadmin",
    "certutil",
    "cmd",
    "curl",
    "mshta",
    "nc",
    "ncat",
    "osascript",
    "perl",
    "powershell",
    "pwsh",
    "python",
    "python2",
    "python3",
    "regsvr32",
    "rundll32",
    "sh",
    "ssh",
    "wget",
    "wscript",
    "zsh",
];

/// Whether a program downloads, or runs whatever it is told.
pub(super) fn is_downloader(program: &str) -> bool {
    let name = program.trim().rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    DOWNLOADERS.contains(&name.strip_suffix(".exe").unwrap_or(&name))
}

/// Names of environment variables that hold secrets.
const SECRETS: &[&str] = &[
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ANTHROPIC_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "CARGO_REGISTRY_TOKEN",
    "CI_JOB_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HF_TOKEN",
    "KUBECONFIG",
    "NODE_AUTH_TOKEN",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "PYPI_TOKEN",
    "SLACK_BOT_TOKEN",
    "SSH_AUTH_SOCK",
    "VAULT_TOKEN",
];

/// Whether a text names a variable that holds a secret.
pub(super) fn names_secret(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.len() > 7).any(|word| SECRETS.contains(&word))
}

/// Whether a text names a private key. Libraries of TLS do so too.
pub(super) fn names_private_key(text: &str) -> bool {
    text.ends_with("_PRIVATE_KEY") || text == "PRIVATE_KEY"
}

/// Files that hold credentials, or that run at every login.
const CREDENTIALS: &[&str] = &[
    ".aws",
    ".bash_history",
    ".bash_profile",
    ".bashrc",
    ".git-credentials",
    ".gnupg",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".ssh",
    ".zsh_history",
    ".zshrc",
    "LaunchAgents",
    "LaunchDaemons",
    "authorized_keys",
    "crontab",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "tdata",
    "wallet.dat",
];

/// The same, as several parts of a path.
const CREDENTIAL_PATHS: &[&str] =
    &[".cargo/credentials", ".config/gcloud", ".config/gh/hosts", ".docker/config", ".kube/config"];

/// Whether a text is, or leads to, a file that holds credentials.
pub(super) fn is_credential_path(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut parts = text.split(|c| !is_part(c));
    let is_long = |part: &&str| part.len() > 3;
    parts.any(|part| is_long(&part) && CREDENTIALS.contains(&part))
        || text.contains('.') && {
            let path = text.replace('\\', "/");
            CREDENTIAL_PATHS.iter().any(|known| path.contains(known))
        }
}

/// Whether a text is, or leads to, a file of settings that often holds secrets.
pub(super) fn is_dot_env(text: &str) -> bool {
    text.rsplit(['/', '\\']).next() == Some(".env")
}

/// Where stolen data is sent because it costs nothing and is never blocked.
const EXFIL_HOSTS: &[&str] = &[
    "api.ipify.org",
    "api.telegram.org",
    "burpcollaborator.net",
    "discord.com/api/webhooks",
    "discordapp.com/api/webhooks",
    "gofile.io",
    "hooks.slack.com",
    "icanhazip.com",
    "ifconfig.me",
    "interact.sh",
    "ipinfo.io",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "oast.fun",
    "oast.live",
    "oast.me",
    "oast.online",
    "oast.pro",
    "oast.site",
    "oastify.com",
    "pastebin.com/raw",
    "pipedream.net",
    "requestbin.com",
    "requestcatcher.com",
    "transfer.sh",
    "trycloudflare.com",
    "vercel.app",
    "webhook.site",
    "workers.dev",
];

/// Whether a text holds a host that stolen data is sent to.
pub(super) fn is_exfil_host(text: &str) -> bool {
    if !text.contains('.') {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut at = 0;
    while at < text.len() {
        let length = text.as_bytes()[at..].iter().take_while(|byte| is_part(byte)).count();
        if length == 0 {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let (host, rest) = (&text[at..at + length], &text[at + length..]);
        let is_host = |known: &str| {
            let (known, path) = known.split_once('/').unwrap_or((known, ""));
            let above = host.strip_suffix(known);
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
                && (path.is_empty() || rest.strip_prefix('/').is_some_and(|rest| rest.starts_with(path)))
        };
        if host.contains('.') && (EXFIL_HOSTS.iter().any(|known| is_host(known)) || is_onion(host)) {
            return true;
        }
        at += length;
    }
    false
}

/// Whether a host is a hidden service, whose name is 16 or 56 characters of base32.
fn is_onion(host: &str) -> bool {
    let Some(name) = host.strip_suffix(".onion").and_then(|host| host.rsplit('.').next()) else {
        return false;
    };
    let is_base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    matches!(name.len(), 16 | 56) && name.bytes().all(is_base32)
}

/// Variables that tell a program that a build server runs it.
const CI: &[&str] = &[
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CI",
    "CIRCLECI",
    "CONTINUOUS_INTEGRATION",
    "DRONE",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "TRAVIS",
];

/// Whether a text is a variable that tells a program that a build server runs it.
pub(super) fn is_ci_variable(text: &str) -> bool {
    CI.contains(&text)
}

/// Names whose only use is to take any certificate.
const TLS_OFF: &[&str] = &[
    "ServerCertVerifier",
    "danger_accept_invalid_certs",
    "danger_accept_invalid_hostnames",
    "disable_verification",
    "dangerous",
    "set_certificate_verifier",
    "ssl_verify_host",
    "ssl_verify_peer",
    "tls_danger_accept_invalid_certs",
];

/// Whether a name is only there to take any certificate.
pub(super) fn is_tls_off(name: &str) -> bool {
    // Every call is asked about, and hardly any begins like one of these.
    name.starts_with(['S', 'd', 's', 't']) && TLS_OFF.contains(&name)
}

/// Whether a text tells a program to take any certificate.
pub(super) fn is_tls_off_argument(text: &str) -> bool {
    matches!(text, "--insecure" | "--no-check-certificate" | "-SkipCertificateCheck")
}

/// Calls that load a library while the program runs.
pub(super) fn is_dlopen(name: &str) -> bool {
    matches!(
        name,
        "dlopen" | "dlmopen" | "LoadLibraryA" | "LoadLibraryW" | "LoadLibraryExA" | "LoadLibraryExW"
    )
}

/// Whether a text matches what secrets look like, rather than being one.
pub(super) fn is_secret_pattern(text: &str) -> bool {
    if !text.contains('[') {
        return false;
    }
    let of_class = ["[0-9a-fA-F]", "[a-fA-F0-9]", "[A-Fa-f0-9]", "[0-9A-Fa-f]", "[0-9a-f]", "[a-f0-9]"];
    let has = |what: &str| text.contains(what);
    // A private key of Ethereum, a key or an address of Solana and Bitcoin, and tokens by their prefixes.
    of_class.iter().any(|class| has(&format!("{class}{{64}}")) || has(&format!("0x{class}{{40}}")))
        || has("[1-9A-HJ-NP-Za-km-z]{")
        || has("AKIA[")
        || has("ghp_[")
        || has("npm_[")
        || has("sk-[")
        || has("xox[")
}

/// Whether a text is a place for temporary files.
pub(super) fn is_temporary(text: &str) -> bool {
    ["/tmp", "/var/tmp", "/dev/shm"]
        .iter()
        .any(|place| text.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        || text.to_lowercase().contains("\\appdata\\local\\temp")
}

/// Whether a text is a path that starts at a root or at a home.
pub(super) fn is_absolute(text: &str) -> bool {
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text[1..].starts_with(":\\");
    (text.starts_with('/') && text.len() > 1) || text.starts_with("~/") || text.starts_with("\\\\") || drive
}

/// An address of IPv4 in a text: not of this machine, and not a part of a longer version.
pub(super) fn address(text: &str) -> Option<&str> {
    if !text.contains('.') {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_part(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
        // A sentence may end after it.
        let word = text[at..at + length].trim_end_matches('.');
        let versions = ["-", "+", "~"].iter().any(|mark| {
            text[at + length..].starts_with(mark) || (*mark != "-" && text[..at].ends_with(mark))
        });
        // On its own, and beginning with one digit, it is a version: `1.4.99.1`.
        let is_bare = word.len() == text.len() && word.find('.') == Some(1);
        if !versions && !is_bare && is_address(word) {
            return Some(word);
        }
        at += length;
    }
    None
}

fn is_address(word: &str) -> bool {
    let mut numbers = [0; 4];
    let mut parts = word.split('.');
    for number in &mut numbers {
        let Some(part) = parts.next().filter(|part| (1..=3).contains(&part.len())) else { return false };
        let Ok(value) = part.parse::<u8>() else { return false };
        *number = value;
    }
    parts.next().is_none() && is_remote(numbers)
}

/// Whether an address is another machine's: not loopback, not unspecified, no mask, not broadcast.
pub(super) fn is_remote(numbers: [u8; 4]) -> bool {
    !matches!(numbers[0], 0 | 127 | 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_versions_and_this_machine() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("http://192.0.2.1:80/x", Some("192.0.2.1")),
            ("go to 192.0.2.7.", Some("192.0.2.7")),
            ("127.0.0.1", None),
            ("0.0.0.0:80", None),
            ("255.255.255.0", None),
            ("1.2.3.4.5", None),
            ("v1.2.3.4", None),
            ("1.2.3.4-beta", None),
            ("lib.so.1.2.3.4", None),
            ("1.2.3.400", None),
            ("1.2.3", None),
            ("1.4.99.1", None),
            ("8.8.8.8:53", Some("8.8.8.8")),
            ("", None),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
    }

    #[test]
    fn hosts_are_whole_hosts() {
        for text in [
            "https://api.telegram.org/bot1",
            "x.workers.dev",
            "HTTPS://Webhook.Site/1",
            "https://discord.com/api/webhooks/1",
            "http://aaaaaaaaaaaaaaaa.onion/",
        ] {
            assert!(is_exfil_host(text), "{text}");
        }
        for text in [
            "profile.io",
            "https://discord.com/invite",
            "my-workers.developer",
            "x.onion",
            "workers.dev.example",
            "",
        ] {
            assert!(!is_exfil_host(text), "{text}");
        }
    }

    #[test]
    fn credentials_are_whole_parts_of_a_path() {
        for text in ["~/.ssh/config", ".aws", "C:\\u\\.cargo\\credentials.toml", "/etc/crontab", "id_rsa.pub"]
        {
            assert_eq!(is_credential_path(text), text != "id_rsa.pub", "{text}");
        }
        assert!(!is_credential_path("x.ssh.y") && !is_credential_path("foo.aws") && !is_credential_path(""));
        assert!(is_dot_env("a/.env") && !is_dot_env(".environment") && !is_dot_env("x.env"));
        assert!(names_secret("${{ secrets.GITHUB_TOKEN }}") && !names_secret("MY_GITHUB_TOKEN_X"));
    }
}
