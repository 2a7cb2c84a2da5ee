//! A sparse registry on 127.0.0.1 that remembers what it was asked and can be told to misbehave.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use crate::krate::{Krate, sha256};

/// Connections that are served at once; cargo opens a handful.
const CONNECTIONS: usize = 32;
/// Bytes of one request's head.
const HEAD_BYTES: u64 = 16 * 1024;
/// How long a connection may stay silent.
const SILENCE: Duration = Duration::from_secs(20);

/// A running registry. It stops when it is dropped.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    stopped: AtomicBool,
    connections: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    crates: BTreeMap<String, Vec<Version>>,
    overrides: BTreeMap<String, Response>,
    token: Option<String>,
    requests: Vec<String>,
}

#[derive(Clone, Debug)]
struct Version {
    line: Value,
    archive: Arc<[u8]>,
}

/// An answer to one path, instead of the right one.
#[derive(Clone, Debug)]
pub enum Response {
    /// This status with an empty body.
    Status(u16),
    /// Status 200 with this body.
    Body(Vec<u8>),
    /// Status 200 with one more header, and this body.
    Headed(&'static str, &'static str, Vec<u8>),
    /// Status 302 to this URL.
    Redirect(String),
    /// Nothing, for as long as the client waits.
    Stalled,
    /// Status 200, the length of the whole body announced, the connection closed after this many bytes of it.
    Truncated(Vec<u8>, usize),
}

impl Registry {
    /// Starts an empty registry on a free port.
    pub fn start() -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on 127.0.0.1");
        let address = socket.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let listener = {
            let shared = shared.clone();
            thread::Builder::new()
                .name("registry".into())
                .spawn(move || listen(&socket, address, &shared))
                .expect("a thread")
        };
        Self { address, shared, listener: Some(listener) }
    }

    /// What `[registries.NAME] index` is to be.
    pub fn index(&self) -> String {
        format!("sparse+http://{}/index/", self.address)
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves only those who show this token from now on.
    pub fn require_token(&self, token: &str) {
        self.shared.state().token = Some(token.into());
    }

    /// Forgets every crate, every override, the token and every request.
    pub fn reset(&self) {
        *self.shared.state() = State::default();
    }

    /// Publishes a crate, replacing the same version. Returns the checksum that the index states.
    pub fn publish(&self, krate: &Krate) -> String {
        let archive = krate.to_archive();
        self.publish_raw(krate.to_index_line(&archive), archive)
    }

    /// Publishes an archive under an index line. Returns the checksum that the line states.
    pub fn publish_raw(&self, line: Value, archive: Vec<u8>) -> String {
        let name = line["name"].as_str().expect("an index line has a name").to_owned();
        let checksum = line["cksum"].as_str().expect("an index line has a checksum").to_owned();
        let mut state = self.shared.state();
        let versions = state.crates.entry(name).or_default();
        versions.retain(|version| version.line["vers"] != line["vers"]);
        versions.push(Version { line, archive: archive.into() });
        checksum
    }

    /// Yanks a published version.
    pub fn yank(&self, name: &str, version: &str) {
        let mut state = self.shared.state();
        let versions = state.crates.get_mut(name).expect("a published crate");
        let found = versions.iter_mut().find(|it| it.line["vers"] == version).expect("a published version");
        found.line["yanked"] = json!(true);
    }

    /// Answers `path` in this way from now on.
    pub fn respond(&self, path: &str, response: Response) {
        self.shared.state().overrides.insert(path.into(), response);
    }

    /// Answers `path` rightly again.
    pub fn behave(&self, path: &str) {
        self.shared.state().overrides.remove(path);
    }

    /// The path of a version's archive.
    pub fn download_path(name: &str, version: &str) -> String {
        format!("/dl/{name}/{version}/download")
    }

    /// The path of a crate's index file.
    pub fn index_path(name: &str) -> String {
        format!("/index/{}", index_file(name))
    }

    /// The paths that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.state().requests.clear();
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The listener wakes up for a connection only.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, address: SocketAddr, Request { path, token, .. }: &Request) -> Response {
        let mut state = self.state();
        state.requests.push(path.clone());
        if state.token.is_some() && state.token != *token {
            return Response::Status(401);
        }
        if let Some(response) = state.overrides.get(path) {
            return response.clone();
        }
        if path == "/index/config.json" {
            let mut config =
                json!({ "dl": format!("http://{address}/dl"), "api": format!("http://{address}") });
            if state.token.is_some() {
                config["auth-required"] = json!(true);
            }
            return Response::Body(config.to_string().into_bytes());
        }
        let body = match (path.strip_prefix("/index/"), path.strip_prefix("/dl/")) {
            (Some(file), _) => state.index(file),
            (_, Some(rest)) => state.archive(rest),
            _ => None,
        };
        body.map_or(Response::Status(404), Response::Body)
    }
}

impl State {
    fn index(&self, file: &str) -> Option<Vec<u8>> {
        let name = file.rsplit('/').next()?;
        let (name, versions) = self.crates.iter().find(|(it, _)| it.eq_ignore_ascii_case(name))?;
        (index_file(name) == file).then(|| {
            versions.iter().fold(Vec::new(), |mut body, version| {
                body.extend_from_slice(version.line.to_string().as_bytes());
                body.push(b'\n');
                body
            })
        })
    }

    fn archive(&self, rest: &str) -> Option<Vec<u8>> {
        let (name, version) = rest.strip_suffix("/download")?.split_once('/')?;
        let found = self.crates.get(name)?.iter().find(|it| it.line["vers"] == version)?;
        Some(found.archive.to_vec())
    }
}

/// The place of a crate in an index (cargo book, "Index format").
pub fn index_file(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

fn listen(socket: &TcpListener, address: SocketAddr, shared: &Arc<Shared>) {
    for stream in socket.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if shared.connections.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let mine = shared.clone();
        let served = thread::Builder::new().name("registry connection".into()).spawn(move || {
            // A client that goes away is its own business.
            let _ = serve(&stream, address, &mine);
            mine.connections.fetch_sub(1, Ordering::SeqCst);
        });
        if served.is_err() {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn serve(stream: &TcpStream, address: SocketAddr, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while !shared.stopped.load(Ordering::SeqCst) {
        let Some(request) = read_request(&mut reader)? else { return Ok(()) };
        let keep = match shared.answer(address, &request) {
            Response::Redirect(url) => write_response(stream, 302, &[("Location", &url)], b"", 0)?,
            Response::Stalled => {
                // Ends when the client closes the connection.
                let _ = reader.fill_buf();
                false
            }
            Response::Headed(name, value, body) => {
                write_response(stream, 200, &[(name, value)], &body, body.len())?
            }
            Response::Status(status) => write_response(stream, status, &[], b"", 0)?,
            Response::Truncated(body, sent) => {
                write_response(stream, 200, &[], &body[..sent.min(body.len())], body.len())?;
                false
            }
            Response::Body(body) => {
                let tag = format!("\"{}\"", sha256(&body));
                if request.tag.as_ref() == Some(&tag) {
                    write_response(stream, 304, &[("ETag", &tag)], b"", 0)?
                } else {
                    write_response(stream, 200, &[("ETag", &tag)], &body, body.len())?
                }
            }
        };
        if !keep {
            return Ok(());
        }
    }
    Ok(())
}

struct Request {
    path: String,
    tag: Option<String>,
    token: Option<String>,
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut head = reader.by_ref().take(HEAD_BYTES);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace();
    let (Some("GET"), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request = Request { path: path.into(), tag: None, token: None };
    loop {
        let mut line = String::new();
        if head.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(request));
        }
        match line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim())) {
            Some((name, value)) if name == "if-none-match" => request.tag = Some(value.into()),
            Some((name, value)) if name == "authorization" => request.token = Some(value.into()),
            _ => {}
        }
    }
}

/// Writes a response; true when the connection can be used again.
fn write_response(
    mut stream: &TcpStream,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    length: usize,
) -> io::Result<bool> {
    let reason = match status {
        200 => "OK",
        302 => "Found",
        304 => "Not Modified",
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Other",
    };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if status != 304 {
        head += &format!("Content-Length: {length}\r\n");
    }
    head += "\r\n";
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)?;
    stream.flush()?;
    Ok(true)
}
