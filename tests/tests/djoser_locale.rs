//! Djoser in the language of the client, as a project with Django's `LocaleMiddleware` answers.

use countersign_core::{Secret, User};
use countersign_tests::{Actor, Answer, Server};
use serde_json::json;

const PASSWORD: &str = "Zx9-quokka-77";
const LOGIN: &str = "/auth/token/login/";
const USERS: &str = "/auth/users/";
const ME: &str = "/auth/users/me/";

/// A mount whose clients choose.
fn server() -> Server {
    Server::with("front_ends = []\n[[mount]]\nadapter = \"djoser\"\nlocale = \"accept-language\"")
}

fn in_language(server: &Server, language: &str) -> Actor {
    server.anon().with("Accept-Language", language)
}

/// A user who is no staff, and the header with their token.
fn user(server: &Server) -> (User, String) {
    let registration = countersign_core::Registration {
        username: Some("languageuser".to_owned()),
        email: Some("languageuser@example.com".to_owned()),
        ..countersign_core::Registration::new(Secret::from(PASSWORD))
    };
    let user = server.owner.register(&registration).unwrap();
    let token = server.anon().post(LOGIN, json!({"username": "languageuser", "password": PASSWORD})).text("auth_token");
    ((*user).clone(), format!("Token {token}"))
}

fn languages(answer: &Answer) -> (Vec<&str>, Vec<&str>) {
    (answer.header_all("content-language"), answer.header_all("vary"))
}

#[test]
fn a_refusal_is_said_in_the_language_that_is_asked_for() {
    let server = server();
    for (language, missing, wrong, empty) in [
        (
            "de",
            r#"{"detail":"Anmeldedaten fehlen."}"#,
            r#"{"non_field_errors":["Die angegebenen Zugangsdaten stimmen nicht."]}"#,
            r#"{"username":["Dieses Feld ist zwingend erforderlich."],"password":["Dieses Feld ist zwingend erforderlich."]}"#,
        ),
        (
            "ru",
            r#"{"detail":"Учетные данные не были предоставлены."}"#,
            r#"{"non_field_errors":["Невозможно войти с предоставленными учетными данными."]}"#,
            r#"{"username":["Обязательное поле."],"password":["Обязательное поле."]}"#,
        ),
        (
            "fr",
            r#"{"detail":"Informations d'authentification non fournies."}"#,
            r#"{"non_field_errors":["Impossible de se connecter avec les informations d'identification fournies."]}"#,
            r#"{"username":["Ce champ est obligatoire."],"password":["Ce champ est obligatoire."]}"#,
        ),
        (
            "pt-br",
            r#"{"detail":"As credenciais de autenticação não foram fornecidas."}"#,
            r#"{"non_field_errors":["Impossível fazer login com as credenciais fornecidas."]}"#,
            r#"{"username":["Este campo é obrigatório."],"password":["Este campo é obrigatório."]}"#,
        ),
        (
            "zh-hans",
            r#"{"detail":"身份认证信息未提供。"}"#,
            r#"{"non_field_errors":["无法使用提供的认证信息登录。"]}"#,
            r#"{"username":["该字段是必填项。"],"password":["该字段是必填项。"]}"#,
        ),
        (
            "en",
            r#"{"detail":"Authentication credentials were not provided."}"#,
            r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#,
            r#"{"username":["This field is required."],"password":["This field is required."]}"#,
        ),
    ] {
        let anon = in_language(&server, language);
        for (answer, status, body) in [
            (anon.get(ME), 401, missing),
            (anon.post(LOGIN, json!({"username": "nobody"})), 400, wrong),
            (anon.post(USERS, json!({})), 400, empty),
        ] {
            assert_eq!(answer.whole(), (status, body), "{language}");
            assert_eq!(languages(&answer), (vec![language], vec!["Accept-Language"]), "{language}");
        }
    }
}

#[test]
fn what_is_put_into_a_sentence_is_translated_too_or_stays_as_it_is() {
    let server = server();
    let (_, token) = user(&server);
    let german = in_language(&server, "de");
    let post = |body| german.post(USERS, body);
    for (answer, status, body) in [
        (
            post(json!({"username": "similaruser", "password": "similaruser"})),
            400,
            r#"{"password":["Das Passwort ist zu ähnlich zu Benutzername."]}"#,
        ),
        (
            post(json!({"username": "other", "email": "somebodyelse@example.com", "password": "somebodyelse"})),
            400,
            r#"{"password":["Das Passwort ist zu ähnlich zu E-Mail-Adresse."]}"#,
        ),
        (
            post(json!({"username": "other", "password": "1234"})),
            400,
            r#"{"password":["Dieses Passwort ist zu kurz. Es muss mindestens 8 Zeichen enthalten.","Dieses Passwort ist zu üblich.","Dieses Passwort ist komplett numerisch. "]}"#,
        ),
        (
            post(json!({"username": "a".repeat(151), "password": PASSWORD})),
            400,
            r#"{"username":["Stelle sicher, dass dieses Feld nicht mehr als 150 Zeichen lang ist."]}"#,
        ),
        (
            german.send("POST", LOGIN, Some("application/json"), "[]"),
            400,
            r#"{"non_field_errors":["Ungültige Daten. Dictionary erwartet, aber list erhalten."]}"#,
        ),
        (
            german.send("POST", LOGIN, Some("application/json"), "{"),
            400,
            r#"{"detail":"JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"}"#,
        ),
        (german.get(LOGIN), 405, r#"{"detail":"Methode \"GET\" nicht erlaubt."}"#),
        (
            german.with("Accept", "text/html").get(ME),
            406,
            r#"{"detail":"Kann die Accept Kopfzeile der Anfrage nicht erfüllen."}"#,
        ),
        (
            german.with("Authorization", &token).get("/auth/users/9999/"),
            404,
            r#"{"detail":"No User matches the given query."}"#,
        ),
        (
            german.with("Authorization", "Bearer x").get(ME),
            401,
            r#"{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Token is invalid"}]}"#,
        ),
    ] {
        assert_eq!(answer.whole(), (status, body));
        assert_eq!(languages(&answer), (vec!["de"], vec!["Accept-Language"]));
    }
}

#[test]
fn what_is_no_refusal_says_its_language_as_well() {
    let server = server();
    let (user, token) = user(&server);
    let russian = in_language(&server, "ru-RU, en;q=0.5").with("Authorization", &token);
    let me = format!(r#"{{"email":"languageuser@example.com","id":{},"username":"languageuser"}}"#, user.id.0);
    let shown = russian.get(ME);
    assert_eq!(shown.whole(), (200, me.as_str()));
    let redirected = russian.get("/auth/users");
    assert_eq!((redirected.status, redirected.header("location")), (301, "/auth/users/"));
    let page = russian.get("/auth/nowhere/");
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.body.contains("<h1>Not Found</h1>"), "{}", page.body);
    for answer in [shown, redirected, page, russian.send("OPTIONS", USERS, None, "")] {
        assert_eq!(languages(&answer), (vec!["ru"], vec!["Accept-Language"]), "{}", answer.status);
    }
}

#[test]
fn a_description_has_the_models_names_in_the_language() {
    let server = server();
    let (_, token) = user(&server);
    let described = in_language(&server, "ru").with("Authorization", &token).send("OPTIONS", USERS, None, "");
    let fields = json!({
        "email": {"type": "email", "required": false, "read_only": false, "label": "Адрес электронной почты", "max_length": 254},
        "id": {"type": "integer", "required": false, "read_only": true, "label": "ID"},
        "username": {
            "type": "string", "required": false, "read_only": true, "label": "Имя пользователя",
            "help_text": "Обязательное поле. Не более 150 символов. Только буквы, цифры и символы @/./+/-/_.",
        },
    });
    assert_eq!(described.json()["actions"]["POST"], fields);
    let login = in_language(&server, "ru").send("OPTIONS", LOGIN, None, "");
    assert!(login.body.contains(r#""label":"Password""#), "{}", login.body);
}

#[test]
fn the_cookie_of_django_comes_before_the_header() {
    let server = server();
    let german = in_language(&server, "ru").with("Cookie", "django_language=de");
    assert_eq!(german.get(ME).whole(), (401, r#"{"detail":"Anmeldedaten fehlen."}"#));
}

#[test]
fn a_stock_mount_knows_one_language_and_does_not_speak_of_it() {
    let server = Server::with("front_ends = []");
    let answer = in_language(&server, "de").get(ME);
    assert_eq!(answer.whole(), (401, r#"{"detail":"Authentication credentials were not provided."}"#));
    assert_eq!(languages(&answer), (vec![], vec![]));

    let server = Server::with("front_ends = []\n[[mount]]\nadapter = \"djoser\"\nlanguage_code = \"de\"");
    let answer = in_language(&server, "ru").get(ME);
    assert_eq!(answer.whole(), (401, r#"{"detail":"Anmeldedaten fehlen."}"#));
    assert_eq!(languages(&answer), (vec![], vec![]));
}

#[test]
fn the_mounts_own_language_is_for_those_who_ask_for_none_that_exists() {
    let configuration = "[[mount]]\nadapter = \"djoser\"\nlocale = \"accept-language\"\nlanguage_code = \"pt-br\"";
    let server = Server::with(&format!("front_ends = []\n{configuration}"));
    let portuguese = r#"{"detail":"As credenciais de autenticação não foram fornecidas."}"#;
    let answer = in_language(&server, "xx").get(ME);
    assert_eq!(answer.whole(), (401, portuguese));
    assert_eq!(languages(&answer), (vec!["pt-br"], vec!["Accept-Language"]));
    let english = in_language(&server, "en").get(ME);
    assert_eq!(english.whole(), (401, r#"{"detail":"Authentication credentials were not provided."}"#));
}
