//! What a path of a known crate does to whoever calls it.

use super::What;
use super::words;

/// Crates that mirror the standard library's modules.
const RUNTIMES: &[&str] = &["async_std", "compio", "mio", "monoio", "smol", "std", "tokio"];

/// Whether a path that begins with this crate can mean anything.
pub(super) fn is_root(krate: &str) -> bool {
    const OTHERS: &[&str] = &[
        "async_process",
        "cmd_lib",
        "dlopen",
        "dlopen2",
        "duct",
        "fs_err",
        "hyper",
        "hyper_util",
        "libc",
        "libloading",
        "nix",
        "rustix",
        "sharedlib",
        "socket2",
        "subprocess",
        "tempdir",
        "tempfile",
        "xshell",
    ];
    RUNTIMES.contains(&krate) || OTHERS.contains(&krate) || words::is_net_crate(krate)
}

/// Whether anything in a module matters, if all its names are given to a source.
pub(super) fn may_open(path: &str) -> bool {
    match path.split("::").collect::<Vec<_>>()[..] {
        [krate, module, ..] if RUNTIMES.contains(&krate) => {
            matches!(module, "env" | "fs" | "net" | "process")
        }
        _ => true,
    }
}

/// What a path does, the crate first.
pub(super) fn kinds(path: &str) -> Vec<What> {
    let segments = path.split("::").collect::<Vec<_>>();
    let is_runtime = segments.first().is_some_and(|krate| RUNTIMES.contains(krate));
    match segments[..] {
        [_, "net", name, ref rest @ ..] if is_runtime => of_net(name, rest.first().copied()),
        [_, "process", "Command", "new"] | ["async_process", "Command", "new"]
            if is_runtime || segments[0] == "async_process" =>
        {
            vec![What::Exec]
        }
        ["std", "env", "vars" | "vars_os"] => vec![What::EnvDump, What::Env],
        ["std", "env", "var" | "var_os"] => vec![What::Env],
        ["std", "env", "temp_dir"] | ["tempfile" | "tempdir", _, ..] => vec![What::Temporary],
        [_, "fs", ref rest @ ..] if is_runtime => of_files(rest),
        ["fs_err", "tokio", ref rest @ ..] | ["fs_err", ref rest @ ..] => of_files(rest),
        ["libc", name, ..] => of_libc(name),
        // What wraps the system's own calls has them all, and says nothing by that.
        ["nix", "sys", "socket", "connect" | "sendto" | "sendmsg", ..]
        | ["rustix", "net", "connect" | "sendto", ..] => vec![What::NetName],
        ["nix", "unistd", name, ..] if name.starts_with("exec") || name == "fork" => vec![What::Exec],
        ["hyper" | "hyper_util", "client" | "Client", ..] => vec![What::Net],
        ["socket2", "Socket", ..] => vec![What::NetName],
        ["duct", "cmd" | "sh" | "sh_dangerous", ..]
        | ["subprocess", "Exec" | "Popen", ..]
        | ["cmd_lib" | "xshell", _, ..] => {
            vec![What::Exec]
        }
        ["libloading" | "dlopen" | "dlopen2" | "sharedlib", _, ..] => vec![What::Dlopen],
        [krate, _, ..] if words::is_net_crate(krate) => vec![What::Net],
        _ => vec![],
    }
}

fn of_net(name: &str, call: Option<&str>) -> Vec<What> {
    let is_call = |call: Option<&str>| call.is_some_and(|call| call.starts_with("connect"));
    match name {
        "TcpStream" | "TcpSocket" if is_call(call) || (name == "TcpSocket" && call.is_some()) => {
            vec![What::Net]
        }
        "UdpSocket" if call == Some("bind") => vec![What::Net],
        "TcpStream" | "TcpSocket" | "UdpSocket" | "TcpListener" | "ToSocketAddrs" | "lookup_host" => {
            vec![What::NetName]
        }
        _ => vec![],
    }
}

fn of_files(rest: &[&str]) -> Vec<What> {
    let writes = match rest {
        ["write" | "copy" | "rename" | "hard_link" | "create_dir" | "create_dir_all" | "set_permissions"] => {
            true
        }
        ["remove_file" | "remove_dir" | "remove_dir_all"] => true,
        ["File", call] => call.starts_with("create") || *call == "options",
        ["OpenOptions", "new"] => true,
        _ => false,
    };
    if writes { vec![What::FileWrite] } else { vec![] }
}

fn of_libc(name: &str) -> Vec<What> {
    match name {
        "connect" | "sendto" | "sendmsg" | "getaddrinfo" => vec![What::NetName],
        "system" | "popen" | "fork" | "vfork" | "posix_spawn" | "posix_spawnp" => vec![What::Exec],
        name if name.starts_with("execv") || name.starts_with("execl") => vec![What::Exec],
        _ => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_known_by_what_they_do() {
        for (path, expected) in [
            ("std::net::TcpStream::connect", &[What::Net][..]),
            ("tokio::net::TcpStream::connect", &[What::Net]),
            ("std::net::TcpStream", &[What::NetName]),
            ("std::net::IpAddr", &[]),
            ("std::net::UdpSocket::bind", &[What::Net]),
            ("reqwest::blocking::get", &[What::Net]),
            ("reqwest", &[]),
            ("std::process::Command::new", &[What::Exec]),
            ("async_process::Command::new", &[What::Exec]),
            ("std::process::exit", &[]),
            ("clap::Command::new", &[]),
            ("std::env::vars", &[What::EnvDump, What::Env]),
            ("std::fs::write", &[What::FileWrite]),
            ("std::fs::read", &[]),
            ("std::fs::File::create_new", &[What::FileWrite]),
            ("fs_err::write", &[What::FileWrite]),
            ("libloading::Library::new", &[What::Dlopen]),
            ("libc::execve", &[What::Exec]),
            ("", &[]),
        ] {
            assert_eq!(kinds(path), expected, "{path}");
        }
    }
}
