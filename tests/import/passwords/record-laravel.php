<?php
/*
 * Writes laravel.jsonl: hashes as Laravel stores them, and whether PHP takes a password for the right one.
 *
 *     php record-laravel.php > laravel.jsonl
 *
 * Laravel's hashers are PHP's password_hash and password_verify. Salts are drawn anew, so that a new recording differs in
 * every line. The rows of earlier-laravel.jsonl are a real application's; only the answers are asked for again.
 */

function say($about, $scheme, $encoded, $password)
{
    $row = ['about' => $about, 'scheme' => $scheme, 'encoded' => $encoded, 'password' => $password];
    $row['right'] = password_verify($password, $encoded);
    echo json_encode($row, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n";
}

function wrong($password)
{
    yield $password . ' ';
    yield substr($password, 0, -1);
    yield substr($password, 0, 72);
    yield substr($password, 0, 71);
    yield strtoupper($password);
    yield $password . "\0";
    yield $password . "\0behind";
    yield str_replace("\u{e9}", "e\u{301}", $password);
}

$passwords = [
    'plain' => 'Walrus-and-0yster',
    'empty' => '',
    'non-ASCII' => 'пароль-Ünï-🔑',
    'composed é' => "caf\u{e9}-walrus",
    'outer blanks' => "  walrus\t",
    'quotes and a backslash' => 'fr@nk\'s "pass"\\',
    '71 bytes' => str_repeat('Walrus-71-', 7) . 'a',
    '72 bytes' => str_repeat('Walrus-72-', 7) . 'ab',
    '97 bytes' => str_repeat('LongPassw0rd-', 6) . 'tail-after-72-bytes',
    'a NUL' => "walrus\0oyster",
];
$schemes = [
    'bcrypt' => [PASSWORD_BCRYPT, ['cost' => 4]],
    'argon2i' => [PASSWORD_ARGON2I, ['memory_cost' => 64, 'time_cost' => 3, 'threads' => 1]],
    'argon2id' => [PASSWORD_ARGON2ID, ['memory_cost' => 64, 'time_cost' => 2, 'threads' => 1]],
];
foreach ($schemes as $scheme => [$algorithm, $options]) {
    foreach ($passwords as $about => $password) {
        if ($scheme === 'bcrypt' && str_contains($password, "\0")) {
            continue; // PHP makes no such hash.
        }
        $encoded = password_hash($password, $algorithm, $options);
        say($about, $scheme, $encoded, $password);
        foreach (wrong($password) as $other) {
            if ($other !== $password && mb_check_encoding($other, 'UTF-8')) {
                say($about, $scheme, $encoded, $other);
            }
        }
    }
}
$today = [
    'bcrypt' => [PASSWORD_BCRYPT, ['cost' => 12]],
    'argon2i' => [PASSWORD_ARGON2I, ['memory_cost' => 65536, 'time_cost' => 4, 'threads' => 1]],
    'argon2id' => [PASSWORD_ARGON2ID, ['memory_cost' => 65536, 'time_cost' => 4, 'threads' => 1]],
];
foreach ($today as $scheme => [$algorithm, $options]) {
    say("the cost of today", $scheme, password_hash('Walrus-today', $algorithm, $options), 'Walrus-today');
}
foreach (['$2a$', '$2b$', '$2y$'] as $prefix) {
    $encoded = str_replace('$2y$', $prefix, password_hash('Walrus-prefix', PASSWORD_BCRYPT, ['cost' => 4]));
    say('prefix', 'bcrypt', $encoded, 'Walrus-prefix');
    say('prefix', 'bcrypt', $encoded, 'walrus-prefix');
}
foreach (file('earlier-laravel.jsonl') as $line) {
    $row = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    say($row['about'], $row['scheme'], $row['encoded'], $row['password']);
}
