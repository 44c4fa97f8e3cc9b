//! X2: the process is killed while tokens are revoked and exchanged. What was acknowledged as revoked stays so, and no login has two
//! refresh tokens that are good.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{
    Base, Client, Dice, Door, Entered, Figures, Installation, Lost, PASSWORD, Process, Proof, Run, leaving, register,
};

const CLIENTS: usize = 4;
/// The grace of the installation (2 s) is over after it.
const GRACE: Duration = Duration::from_millis(2_300);

/// Something that was revoked: a proof, or a refresh token.
#[derive(Debug, Clone)]
enum Dead {
    Proof(Proof),
    Refresh(String),
    Password(String, String),
}

/// A login whose refresh token is exchanged again and again.
#[derive(Debug, Clone)]
struct Chain {
    /// The token before the last one, if there was one.
    spent: Option<String>,
    last: String,
    /// Was the exchange of `last` cut off?
    is_cut: bool,
}

#[derive(Default)]
struct Seen {
    dead: Vec<Dead>,
    /// Proofs that one request revokes together and whose answer did not come.
    cut: Vec<Vec<Proof>>,
    chains: Vec<Chain>,
    strange: Vec<String>,
}

pub fn run(run: &Run, figures: &mut Figures) {
    for base in run.bases(figures) {
        kill(run, figures, &base, run.dice(base.name));
    }
}

fn kill(run: &Run, figures: &mut Figures, base: &Base, mut dice: Dice) {
    let on = base.name;
    // The owner's command waits until every process knows.
    let installation = Installation::new(&base.url).set("CACHE__POLL", "50ms").set("CACHE__BOUND", "300ms");
    let rounds: u64 = run.rounds(4, 200);
    let (mut all, mut back, mut torn, mut stuck) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut chains, mut strange, mut cut) = (Vec::new(), Vec::new(), 0);
    let mut server = installation.serve();
    for round in 0..rounds {
        let stop = AtomicBool::new(false);
        let (life, rolls) = (dice.span(run.of(500, 100), run.of(1_500, 2_000)), dice.next());
        // The owner's recovery of somebody, by the command line: it is true when the command returns.
        let recovered = recover(&installation, &server, round);
        let seen = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let (client, stop) = (server.client(), &stop);
                    let dice = Dice::new(rolls.wrapping_add(number as u64));
                    scope.spawn(move || act(client, &format!("r{round}c{number}"), stop, dice))
                })
                .collect();
            thread::sleep(life);
            server.kill();
            stop.store(true, Ordering::SeqCst);
            clients.into_iter().map(|client| client.join().expect("a client that ends")).collect::<Vec<_>>()
        });
        server = installation.serve();
        let mut client = server.client();
        let mut dead = recovered;
        for seen in seen {
            dead.extend(seen.dead);
            strange.extend(seen.strange);
            cut += seen.cut.len();
            torn.extend(seen.cut.iter().filter_map(|proofs| halved(&mut client, proofs)));
            for chain in seen.chains {
                stuck.extend(go_on(&mut client, chain, &mut chains, &mut dead));
            }
        }
        back.extend(dead.iter().filter_map(|dead| dead.lives(&mut client)));
        all.extend(dead);
    }
    // Once more, in a process that has seen none of it; and what is spent, after the grace.
    drop(server);
    let server = installation.serve();
    let mut client = server.client();
    back.extend(all.iter().filter_map(|dead| dead.lives(&mut client)));
    thread::sleep(GRACE);
    let twice = chains.iter().filter_map(|chain| two_live(&mut client, chain));
    let twice: Vec<_> = twice.collect();

    figures.told(
        on,
        "kills; revocations acknowledged; cut off; logins with exchanged tokens",
        format!("{rounds}; {}; {cut}; {}", all.len(), chains.len()),
    );
    let asked = run.rounds(40, 5_000);
    figures.must(on, "revocations acknowledged", &format!("≥ {asked}"), all.len(), all.len() >= asked);
    figures.never(on, "revoked and back", &back);
    figures.never(on, "revoked together and only some of it gone", &torn);
    figures.never(on, "an exchange cut off, and neither on nor a new login", &stuck);
    figures.never(on, "logins with two good refresh tokens", &twice);
    figures.never(on, "answers that were not expected", &strange);
    figures.never(on, "complaints in the log", &server.complaints());
}

/// Somebody whose password the owner sets anew.
fn recover(installation: &Installation, server: &Process, round: u64) -> Vec<Dead> {
    let (name, mut client) = (format!("owned{round}"), server.client());
    let mut dead = Vec::new();
    register(&mut client, &name).expect("an answer");
    for door in Door::ALL {
        let entered = door.enter(&mut client, &name, PASSWORD).expect("an answer").1.expect("it lets in");
        dead.extend(entered.refresh.map(Dead::Refresh));
        dead.push(Dead::Proof(entered.proof));
    }
    installation.own("Another-77-quokka", &["user", "set-password", &name, "--password-stdin"]).expect("the owner may");
    dead.push(Dead::Password(name, PASSWORD.to_owned()));
    dead
}

/// Logs in and leaves in every way until the server is gone.
fn act(mut client: Client, name: &str, stop: &AtomicBool, mut dice: Dice) -> Seen {
    let mut seen = Seen::default();
    if register(&mut client, name).is_err() {
        return seen;
    }
    let mut password = PASSWORD.to_owned();
    for number in 0_usize.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let done = match dice.below(6) {
            0 => all_tokens(&mut client, name, &password, &mut seen),
            1 => new_password(&mut client, name, &mut password, number, &mut seen),
            2 | 3 => exchanges(&mut client, name, &password, &mut seen),
            _ => leave(&mut client, Door::ALL[number % Door::ALL.len()], name, &password, &mut seen),
        };
        if done.is_err() {
            break;
        }
    }
    seen
}

fn enter(
    client: &mut Client,
    door: Door,
    name: &str,
    password: &str,
    seen: &mut Seen,
) -> Result<Option<Entered>, Lost> {
    let (reply, entered) = door.enter(client, name, password)?;
    if entered.is_none() {
        seen.strange.push(format!("{door:?}: {} {}", reply.status, reply.body));
    }
    Ok(entered)
}

fn leave(client: &mut Client, door: Door, name: &str, password: &str, seen: &mut Seen) -> Result<(), Lost> {
    let Some(Entered { proof, refresh }) = enter(client, door, name, password, seen)? else { return Ok(()) };
    let reply = client.post(leaving(door).0, &proof.authorization, Value::Null);
    let reply = reply.inspect_err(|_| seen.cut.push(vec![proof.clone()]))?;
    if reply.is_success() {
        seen.dead.push(Dead::Proof(proof));
        seen.dead.extend(refresh.map(Dead::Refresh));
    } else {
        seen.strange.push(format!("logout by {door:?}: {} {}", reply.status, reply.body));
    }
    Ok(())
}

/// Three personal access tokens, and the end of them all.
fn all_tokens(client: &mut Client, name: &str, password: &str, seen: &mut Seen) -> Result<(), Lost> {
    let mut proofs = Vec::new();
    for _ in 0..3 {
        proofs.extend(enter(client, Door::Sanctum, name, password, seen)?.map(|entered| entered.proof));
    }
    let Some(first) = proofs.first().cloned() else { return Ok(()) };
    let reply = client.delete("/api/tokens", &first.authorization);
    let reply = reply.inspect_err(|_| seen.cut.push(proofs.clone()))?;
    if reply.is_success() {
        seen.dead.extend(proofs.into_iter().map(Dead::Proof));
    } else {
        seen.strange.push(format!("DELETE /api/tokens: {} {}", reply.status, reply.body));
    }
    Ok(())
}

/// Another password, which ends the token of Djoser's (`logout_on_password_change`) and the old password.
fn new_password(
    client: &mut Client,
    name: &str,
    password: &mut String,
    number: usize,
    seen: &mut Seen,
) -> Result<(), Lost> {
    let Some(Entered { proof, .. }) = enter(client, Door::Djoser, name, password, seen)? else { return Ok(()) };
    let next = format!("{PASSWORD}-{number}");
    let document = json!({"current_password": password, "new_password": next});
    let reply = client.post("/auth/users/set_password/", &proof.authorization, document)?;
    if reply.is_success() {
        seen.dead.push(Dead::Proof(proof));
        seen.dead.push(Dead::Password(name.to_owned(), std::mem::replace(password, next)));
    } else {
        seen.strange.push(format!("set_password: {} {}", reply.status, reply.body));
    }
    Ok(())
}

/// A login whose refresh token is exchanged a few times.
fn exchanges(client: &mut Client, name: &str, password: &str, seen: &mut Seen) -> Result<(), Lost> {
    let entered = enter(client, Door::Hotel, name, password, seen)?;
    let Some(last) = entered.and_then(|entered| entered.refresh) else { return Ok(()) };
    let mut chain = Chain { spent: None, last, is_cut: false };
    for _ in 0..4 {
        let reply = client.post("/auth/refresh", "", json!({"refresh_token": chain.last}));
        let Ok(reply) = reply else {
            chain.is_cut = true;
            seen.chains.push(chain);
            return Err(Lost::Cut);
        };
        let Some(next) = reply.text("refresh_token") else {
            seen.strange.push(format!("refresh: {} {}", reply.status, reply.body));
            return Ok(());
        };
        chain.spent = Some(std::mem::replace(&mut chain.last, next));
    }
    seen.chains.push(chain);
    Ok(())
}

/// Of what one request revokes, all is gone or nothing.
fn halved(client: &mut Client, proofs: &[Proof]) -> Option<String> {
    let statuses: Vec<u16> = proofs.iter().map(|proof| proof.show(client).map_or(0, |reply| reply.status)).collect();
    let whole = statuses.iter().all(|status| *status == 200) || statuses.iter().all(|status| *status == 401);
    (!whole).then(|| format!("{statuses:?}"))
}

/// After the restart the client exchanges once more what it has: it goes on, or it has to log in again.
fn go_on(client: &mut Client, mut chain: Chain, chains: &mut Vec<Chain>, dead: &mut Vec<Dead>) -> Option<String> {
    let reply = client.post("/auth/refresh", "", json!({"refresh_token": chain.last}));
    match &reply {
        Ok(reply) if reply.status == 200 => {
            let next = reply.text("refresh_token")?;
            chain.spent = Some(std::mem::replace(&mut chain.last, next));
            chains.push(chain);
            None
        }
        // Its password was changed meanwhile, or the grace of a cut exchange is over: then it is dead for good.
        Ok(reply) if reply.status == 401 => {
            dead.push(Dead::Refresh(chain.last));
            None
        }
        other => Some(format!("{other:?}, cut off: {}", chain.is_cut)),
    }
}

/// What was spent is refused after the grace; and with that the login has ended, so its newest one is refused as well.
fn two_live(client: &mut Client, chain: &Chain) -> Option<String> {
    let spent = chain.spent.as_ref()?;
    let mut status =
        |token: &str| client.post("/auth/refresh", "", json!({"refresh_token": token})).map_or(0, |reply| reply.status);
    let statuses = (status(spent), status(&chain.last));
    (statuses != (401, 401)).then(|| format!("{statuses:?}"))
}

impl Dead {
    /// Tells if it lets anybody in.
    fn lives(&self, client: &mut Client) -> Option<String> {
        let reply = match self {
            Self::Proof(proof) => proof.show(client),
            Self::Refresh(token) => client.post("/auth/refresh", "", json!({"refresh_token": token})),
            Self::Password(name, password) => Door::Minimal.enter(client, name, password).map(|(reply, _)| reply),
        };
        let status = reply.map_or(0, |reply| reply.status);
        (status != 401).then(|| format!("{self:?} is {status}"))
    }
}
