//! nginx in front of two servers, with the configuration of the documentation.

use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use countersign_tests::program::free_addresses;
use tempfile::TempDir;

/// The part that the documentation gives.
const SITE: &str = include_str!("../../../../../docs/scaling/nginx.conf");
/// What it calls the servers and where it listens.
const IN_DOCS: [&str; 3] = ["10.0.0.11:8000", "10.0.0.12:8000", "listen 8080"];
/// What a whole configuration needs beside it.
const MAIN: &str = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log nginx.log;\nevents {}\n";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// nginx; dropping it ends it.
pub struct Balancer {
    child: Child,
    pub address: SocketAddr,
    folder: TempDir,
}

impl Balancer {
    /// One in front of these.
    pub fn over(servers: [SocketAddr; 2]) -> Result<Self, String> {
        let nginx = nginx().ok_or("nginx is not installed (Debian: nginx-light)")?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let [address] = free_addresses();
        let here = [servers[0].to_string(), servers[1].to_string(), format!("listen {address}")];
        let site = IN_DOCS.iter().zip(&here).fold(SITE.to_owned(), |site, (documented, real)| {
            assert!(site.contains(documented), "{documented} is not in the documentation");
            site.replace(documented, real)
        });
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let places = places.map(|place| format!("{place}_temp_path {place};")).join("\n");
        let file = folder.path().join("nginx.conf");
        let written = fs::write(&file, format!("{MAIN}http {{\naccess_log off;\n{places}\n{site}\n}}\n"));
        let log = written.and_then(|()| File::create(folder.path().join("stderr")));
        let mut command = Command::new(nginx);
        command.arg("-e").arg("stderr").arg("-p").arg(folder.path()).arg("-c").arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.map_err(|error| error.to_string())?);
        let child = command.spawn().map_err(|error| error.to_string())?;
        let balancer = Self { child, address, folder };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE {
                let told = fs::read_to_string(balancer.folder.path().join("stderr")).unwrap_or_default();
                return Err(format!("nginx does not start: {told}"));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nginx() -> Option<PathBuf> {
    let path = env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    let mut files = folders.map(|folder| Path::new(folder).join("nginx"));
    files.find(|file| file.is_file())
}
