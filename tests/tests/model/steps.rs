//! What may happen. Whoever and whatever a step is about is counted among those that are there, so that a step still means something
//! when others before it are left out.

use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::credential::Kind;

/// A step of somebody, at one of the two processes.
#[derive(Debug, Clone)]
pub enum Step {
    /// A login.
    LogIn(Kind, Who, At),
    /// A login with a password of before.
    Guess(Kind, Who, At),
    /// The owner issues a personal access token that ends after so many seconds.
    IssueUntil(Who, i64, At),
    /// An exchange of the refresh token that was issued so many exchanges before the newest.
    Refresh(Which, usize, At),
    /// A logout with this credential, dead or alive.
    LogOut(Which, At),
    /// The hotel's end of all logins.
    LogOutAll(Who, At),
    /// The end of all personal access tokens.
    DropTokens(Who, At),
    /// Djoser's change of the password.
    ChangePassword(Who, At),
    /// The owner's recovery.
    Recover(Who, At),
    /// The owner disables.
    Disable(Who, At),
    /// The owner enables.
    Enable(Who, At),
    /// The owner gives the role of this number.
    Role(Who, u8, At),
    /// The owner deletes, and somebody registers under the same name.
    Replace(Who, At),
    /// What is over is swept away.
    Prune(At),
    /// So many seconds pass.
    Wait(i64),
    /// The process ends, and another begins.
    Restart(At),
}

/// A person.
pub type Who = usize;
/// A credential.
pub type Which = usize;
/// A process.
pub type At = usize;

/// A step as it is drawn.
pub fn step() -> impl Strategy<Value = Step> {
    // Mostly one of them: it takes several steps of one person to go wrong.
    let who = || prop_oneof![3 => Just(0_usize), 1 => Just(1), 1 => Just(2)];
    let at = || 0..2_usize;
    let which = any::<u16>().prop_map(usize::from);
    // Not near the end of a session, which is written to the minute.
    let wait = prop_oneof![Just(1), Just(9), Just(10), Just(299), Just(300), Just(3600), Just(10_000), Just(86_400)];
    prop_oneof![
        9 => (kind(), who(), at()).prop_map(|(kind, who, at)| Step::LogIn(kind, who, at)),
        1 => (kind(), who(), at()).prop_map(|(kind, who, at)| Step::Guess(kind, who, at)),
        1 => (who(), prop_oneof![Just(1), Just(300), Just(3600)], at())
            .prop_map(|(who, seconds, at)| Step::IssueUntil(who, seconds, at)),
        8 => (which.clone(), prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2)], at())
            .prop_map(|(which, back, at)| Step::Refresh(which, back, at)),
        3 => (which, at()).prop_map(|(which, at)| Step::LogOut(which, at)),
        1 => (who(), at()).prop_map(|(who, at)| Step::LogOutAll(who, at)),
        1 => (who(), at()).prop_map(|(who, at)| Step::DropTokens(who, at)),
        2 => (who(), at()).prop_map(|(who, at)| Step::ChangePassword(who, at)),
        1 => (who(), at()).prop_map(|(who, at)| Step::Recover(who, at)),
        1 => (who(), at()).prop_map(|(who, at)| Step::Disable(who, at)),
        2 => (who(), at()).prop_map(|(who, at)| Step::Enable(who, at)),
        2 => (who(), 0..3_u8, at()).prop_map(|(who, role, at)| Step::Role(who, role, at)),
        1 => (who(), at()).prop_map(|(who, at)| Step::Replace(who, at)),
        1 => at().prop_map(Step::Prune),
        4 => wait.prop_map(Step::Wait),
        1 => at().prop_map(Step::Restart),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        1 => Just(Kind::Sanctum),
        1 => Just(Kind::Djoser),
        2 => Just(Kind::Hotel),
        1 => Just(Kind::SimpleJwt),
        2 => Just(Kind::Session),
    ]
}
