//! What runs, whatever became of its file.

use std::time::{Duration, Instant};

use tests::process::Running;

use super::*;

const SOURCE: &str = r#"
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;

#[used]
#[unsafe(link_section = ".dep-v0")]
static LIST: [u8; include_bytes!("list").len()] = *include_bytes!("list");

unsafe extern "C" {
    fn memfd_create(name: *const std::ffi::c_char, flags: u32) -> i32;
    fn dlopen(name: *const std::ffi::c_char, flags: i32) -> *mut std::ffi::c_void;
}

fn main() {
    let arguments = std::env::args().collect::<Vec<_>>();
    match arguments.get(1).map(String::as_str) {
        Some("memory-run") => {
            let number = unsafe { memfd_create(c"unseen".as_ptr(), 0) };
            let mut file = unsafe { std::fs::File::from_raw_fd(number) };
            file.write_all(&std::fs::read(&arguments[2]).unwrap()).unwrap();
            let path = format!("/proc/self/fd/{number}");
            let error = std::process::Command::new(path).exec();
            panic!("{error}");
        }
        Some("load") => {
            let name = std::ffi::CString::new(arguments[2].as_str()).unwrap();
            assert!(!unsafe { dlopen(name.as_ptr(), 2) }.is_null());
        }
        _ => {}
    }
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
    std::thread::sleep(std::time::Duration::from_secs(200));
}
"#;

/// A program with the list of `dependencies`, which says that it is ready and sleeps.
fn compile(sandbox: &Sandbox, name: &str, kind: &str, dependencies: &[(&str, &str)]) -> PathBuf {
    let folder = sandbox.path(&format!("source-{name}"));
    files::write(&folder.join("list"), list(dependencies));
    files::write(&folder.join("main.rs"), SOURCE);
    let path = sandbox.path(name);
    sandbox
        .program("rustc", &folder)
        .args(["--edition=2024", "--crate-type", kind, "-Awarnings", "main.rs", "-o"])
        .args([&path])
        .ok();
    path
}

fn start(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Running {
    let running = sandbox.run(program, &sandbox.path("")).args(arguments).start();
    let expected = if arguments.first() == Some(&"memory-run") { "/memfd:" } else { "" };
    let began = Instant::now();
    // It runs another program before it is ready.
    while !fs::read_link(format!("/proc/{}/exe", running.id()))
        .is_ok_and(|exe| exe.to_string_lossy().starts_with(expected) && !exe.ends_with("e2e"))
        || (arguments.first() == Some(&"load") && !has_loaded(&running, arguments[1]))
    {
        assert!(began.elapsed() < Duration::from_secs(30), "it never got ready");
        std::thread::sleep(Duration::from_millis(5));
    }
    running
}

fn has_loaded(running: &Running, library: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/maps", running.id())).is_ok_and(|maps| maps.contains(library))
}

/// Findings that name a process.
fn found(output: &Output, pid: u32) -> Vec<String> {
    let names = |line: &Value| {
        let text = line.to_string();
        [format!("process {pid})"), format!("processes {pid},"), format!(" {pid},"), format!(", {pid})")]
            .iter()
            .any(|name| text.contains(name))
    };
    let findings = lines(output).into_iter().filter(|line| line["reason"] == "finding" && names(line));
    findings.map(|line| line["id"].as_str().expect("an id").to_owned()).collect()
}

fn scan_running(sandbox: &Sandbox, db: &Path) -> Run {
    scan(sandbox, db).args(["--running", "--message-format", "json"])
}

#[test]
fn what_runs_is_judged_whatever_became_of_its_file() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let bad = compile(&sandbox, "bad (deleted)", "bin", &[("victim", "1.0.0")]);
    let good = compile(&sandbox, "good", "bin", &[("victim", "1.0.1")]);
    let copy = |name: &str| {
        fs::copy(&bad, sandbox.path(name)).expect("a copy");
        sandbox.path(name)
    };

    let (plain, again) = (start(&sandbox, &bad, &[]), start(&sandbox, &bad, &[]));
    let deleted = start(&sandbox, &copy("bad-to-delete"), &[]);
    fs::remove_file(sandbox.path("bad-to-delete")).expect("removed");
    let replaced = start(&sandbox, &copy("bad-to-replace"), &[]);
    fs::copy(&good, sandbox.path("new")).expect("a copy");
    fs::rename(sandbox.path("new"), sandbox.path("bad-to-replace")).expect("replaced");
    let memory = start(&sandbox, &good, &["memory-run", bad.to_str().expect("UTF-8")]);
    let harmless = start(&sandbox, &good, &[]);
    let hostile = start(&sandbox, &copy("bad\n7f00-7f10 r-xp 0 00:00 0 \u{1b}[2J"), &[]);

    let told = scan_running(&sandbox, &db).run().code(1);
    let found = |running: &Running| found(&told, running.id());
    assert_eq!(found(&plain), ["vulnerability"], "{told}");
    assert_eq!(found(&again), ["vulnerability"], "{told}");
    assert_eq!(found(&deleted), ["vulnerability", "running-deleted"], "{told}");
    assert_eq!(found(&replaced), ["vulnerability", "running-replaced"], "{told}");
    assert_eq!(found(&memory), ["vulnerability", "running-in-memory"], "{told}");
    assert_eq!(found(&hostile), ["vulnerability"], "{told}");
    assert_eq!(found(&harmless), [] as [&str; 0], "{told}");
    assert!(told.stdout.contains("bad (deleted)`"), "{told}");

    drop((plain, again, deleted, memory, hostile));
    let told = scan(&sandbox, &db)
        .args(["--running", "--require-current", "--message-format", "json"])
        .run()
        .code(1);
    assert!(
        super::lines(&told).iter().any(|line| line["id"] == "running-replaced" && line["weight"] == "denial"),
        "{told}"
    );
}

#[test]
fn libraries_that_were_loaded_are_judged() {
    let sandbox = Sandbox::new();
    let db = database(&sandbox, "db", &[advisory()]);
    let library = compile(&sandbox, "libbad.so", "cdylib", &[("victim", "1.0.0")]);
    let good = compile(&sandbox, "good", "bin", &[]);
    let loading = start(&sandbox, &good, &["load", library.to_str().expect("UTF-8")]);
    let told = scan_running(&sandbox, &db).run().code(1);
    assert_eq!(found(&told, loading.id()), ["vulnerability"], "{told}");
    let own = [&library, &good].map(|path| path.as_os_str().to_owned());
    scan(&sandbox, &db).args(own).run().code(1).stderr_has("libbad.so").stderr_lacks("good`");
}
