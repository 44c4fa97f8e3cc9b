#!/usr/bin/env bash
# Makes everything in this folder anew, with the real Knox 4 and 5 from PyPI:
#
#     .ci/databases tests/import/knox/record.sh
#
# four.* is a database of Knox 4.2.0, and five.* the same after its application moved to Knox 5.1.0 and went on: what Knox 5
# answers to the older tokens is recorded as well (it takes none of them). The *.jsonl are what Knox answered; the *.sql are the
# databases, five's also as PostgreSQL and MariaDB hold it. Needs pg_dump, mariadb-dump and sqlite3.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
export PYTHONDONTWRITEBYTECODE=1

python3 -m venv venv
venv/bin/pip install --quiet 'django==5.2.*' 'djangorestframework==3.18.*' cryptography 'psycopg[binary]' pymysql
for knox in 4.2.0 5.1.0; do
    venv/bin/pip install --quiet --no-deps --target "knox-$knox" "django-rest-knox==$knox"
done
with() { PYTHONPATH=$work/knox-$1 venv/bin/python "$here/record.py" "${@:2}" 2>>"$work/log"; }

with 4.2.0 make four.db
with 4.2.0 ask four.db >"$here/four.jsonl"
cp four.db five.db
cp four.db.tokens five.db.tokens
with 5.1.0 make five.db
with 5.1.0 ask five.db >"$here/five.jsonl"
for name in four five; do sqlite3 "$name.db" .dump >"$here/$name.sqlite.sql"; done

with 5.1.0 rows five.db >rows.json
psql --quiet "$COUNTERSIGN_TEST_POSTGRES" --command 'CREATE DATABASE knox'
postgres=${COUNTERSIGN_TEST_POSTGRES%/*}/knox
with 5.1.0 load "$postgres"
pg_dump --no-owner --no-privileges --inserts "$postgres" | grep -v -e '^\\' -e '^--' -e '^$' -e search_path | sed 's/ public\.\b/ /g' >"$here/five.postgres.sql"
psql --quiet "$COUNTERSIGN_TEST_POSTGRES" --command 'DROP DATABASE knox'

server=${COUNTERSIGN_TEST_MYSQL#*://}
user=${server%@*} port=${server##*:}
mariadb=(--protocol=tcp --host=127.0.0.1 "--user=$user" "--port=${port%/*}")
mariadb "${mariadb[@]}" --execute 'CREATE DATABASE knox CHARACTER SET utf8mb4'
with 5.1.0 load "${COUNTERSIGN_TEST_MYSQL%/*}/knox"
{
    echo "SET FOREIGN_KEY_CHECKS = 0;"
    mariadb-dump "${mariadb[@]}" --compact --skip-extended-insert knox | grep -v -e "^/\*M!" -e "^/\*!"
} >"$here/five.mysql.sql"
mariadb "${mariadb[@]}" --execute 'DROP DATABASE knox'
