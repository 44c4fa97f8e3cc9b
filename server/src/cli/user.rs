//! `countersign user`: accounts, and the owner's recovery of one.

use clap::{ArgGroup, Args, Subcommand};
use countersign_core::{
    AuthError, Registration, Role, User, UserId,
    model::{Mandate, Step, UserChange},
};

use super::{
    Outcome, Output, Refused,
    desk::Desk,
    help::{example, revoking},
    output::complain,
    password,
    record::{Record, USER_COLUMNS},
};

/// What [`Role`] reads.
const ROLES: &str = "tourist, hotelier, tour_operator, transfer_provider, instructor, restaurant or admin";

/// How many users are read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a user
    #[command(after_help = example("printf %s \"$PASSWORD\" | countersign user add --username ada \
                                    --email ada@example.org --verified --password-stdin"))]
    Add(Add),
    /// List all users
    #[command(after_help = example("countersign user list --json"))]
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Show one user
    #[command(after_help = example("countersign user show ada@example.org"))]
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        form: Form,
    },
    /// Disable a user: nothing issued before is accepted any more, there is no login, and no mailed link enables the user
    #[command(after_help = revoking("countersign user disable ada"))]
    Disable(Who),
    /// Let a disabled user log in again; what was revoked stays revoked
    #[command(after_help = example("countersign user enable ada"))]
    Enable(Who),
    /// Give a user another role
    #[command(after_help = revoking("countersign user set-role ada hotelier"))]
    SetRole {
        #[command(flatten)]
        who: Who,
        #[arg(help = ROLES)]
        role: Role,
    },
    /// Delete a user with everything that is theirs
    #[command(after_help = revoking("countersign user delete 7"))]
    Delete(Who),
    /// Set a new password and revoke every token, session and socket of the user
    #[command(after_help = revoking("printf %s \"$PASSWORD\" | countersign user set-password ada --password-stdin"))]
    SetPassword {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: password::FromStdin,
    },
}

/// Whom a command is about.
#[derive(Debug, Args)]
pub struct Who {
    /// The id, user name, e-mail or phone of the user
    pub who: String,
}

/// How records are printed.
#[derive(Debug, Args)]
pub struct Form {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(group(ArgGroup::new("identifier").required(true).multiple(true).args(["username", "email", "phone"])))]
pub struct Add {
    /// The user name; without it, the e-mail or phone
    #[arg(long)]
    username: Option<String>,
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The phone number in international form, such as +79991234567
    #[arg(long)]
    phone: Option<String>,
    /// The first name
    #[arg(long, default_value = "", hide_default_value = true)]
    first_name: String,
    /// The last name
    #[arg(long, default_value = "", hide_default_value = true)]
    last_name: String,
    #[arg(long, default_value_t = Role::Tourist, help = ROLES)]
    role: Role,
    /// Django's mark for those who may enter its admin site
    #[arg(long)]
    staff: bool,
    /// Django's mark for those who may do everything there
    #[arg(long)]
    superuser: bool,
    /// May not log in until enabled, or until they follow an activation link
    #[arg(long)]
    inactive: bool,
    /// The e-mail address is known to be theirs
    #[arg(long)]
    verified: bool,
    #[command(flatten)]
    password: password::FromStdin,
    #[command(flatten)]
    form: Form,
}

impl Command {
    pub fn run(self, desk: &Desk, output: &mut Output) -> Outcome {
        let auth = desk.auth();
        match self {
            Self::Add(add) => add.run(desk, output),
            Self::List { form } => list(desk, &form, output),
            Self::Show { who, form } => output.record(&Record::of_user(&desk.find(&who.who)?), form.json),
            Self::Disable(who) => {
                let user = take(desk, &who, &Step::Change(UserChange::Active(false)))?;
                desk.settle();
                tell(output, "disabled", &user)
            }
            Self::Enable(who) => tell(output, "enabled", &auth.set_active(desk.find(&who.who)?.id, true)?),
            Self::SetRole { who, role } => {
                let user = take(desk, &who, &Step::Change(UserChange::Role(role)))?;
                desk.settle();
                output.line(&format!("user {} is {role} now", user.id))
            }
            Self::Delete(who) => {
                let user = take(desk, &who, &Step::Delete)?;
                desk.settle();
                tell(output, "deleted", &user)
            }
            Self::SetPassword { who, .. } => {
                let user = desk.find(&who.who)?;
                let user = auth.recover(user.id, &password::read()?)?;
                desk.settle();
                tell(output, "set the password and revoked everything of", &user)
            }
        }
    }
}

impl Add {
    fn run(self, desk: &Desk, output: &mut Output) -> Outcome {
        let user = desk.auth().register(&Registration {
            username: self.username,
            email: self.email,
            phone: self.phone,
            first_name: self.first_name,
            last_name: self.last_name,
            role: self.role,
            is_staff: self.staff,
            is_superuser: self.superuser,
            is_active: !self.inactive,
            email_verified: self.verified,
            ..Registration::new(password::read()?)
        })?;
        if self.form.json { output.record(&Record::of_user(&user), true) } else { tell(output, "added", &user) }
    }
}

fn list(desk: &Desk, form: &Form, output: &mut Output) -> Outcome {
    let (mut records, mut after) = (Vec::new(), Some(UserId(0)));
    while let Some(last) = after {
        let page = desk.auth().users(last, PAGE)?;
        after = page.last().map(|user| user.id);
        records.extend(page.iter().map(Record::of_user));
    }
    output.records(&records, &USER_COLUMNS, form.json)
}

/// Takes a step on the owner's word, and says when nobody is left who could administer over the wire.
fn take(desk: &Desk, who: &Who, step: &Step) -> Result<User, Refused> {
    let (auth, user) = (desk.auth(), desk.find(&who.who)?.id);
    match auth.administer(Mandate::Permitted, user, step) {
        Err(AuthError::LastAdministrator) => {
            let user = auth.administer(Mandate::Owner, user, step)?;
            complain("warning: no active administrator is left; `countersign user set-role WHO admin` makes one");
            Ok(user)
        }
        outcome => Ok(outcome?),
    }
}

fn tell(output: &mut Output, what: &str, user: &User) -> Outcome {
    output.line(&format!("{what} user {}", user.id))
}
