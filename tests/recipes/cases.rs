//! The cases: a schema, a change asked for in one line or as an unsafe file, what two releases write, and what must hold.

/// Where a case is lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Postgres,
    Sqlite,
    /// MariaDB stands for the family.
    Mysql,
}

use Database::{Mysql, Postgres, Sqlite};

/// What is asked for.
pub(crate) enum Asked {
    /// `migrate new <slug> …`.
    New(&'static [&'static str]),
    /// A flat file, given to `migrate fix`.
    Fix(&'static str),
}

/// One change in its surroundings. `:n` is a number that no other statement has.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) databases: &'static [Database],
    /// `server_version`, where the recipe depends on it.
    pub(crate) version: Option<&'static str>,
    pub(crate) given: &'static str,
    /// One row.
    pub(crate) seed: &'static str,
    pub(crate) asked: Asked,
    /// The change as if nobody were using the database: where the schema must end.
    pub(crate) original: &'static str,
    /// What the release before writes, until contract.
    pub(crate) old: &'static [&'static str],
    /// What the release that knows the migration writes, from expand on.
    pub(crate) new: &'static [&'static str],
    /// A column's name as it is in the end, and in the original.
    pub(crate) renamed: Option<(&'static str, &'static str)>,
    /// Queries and their answers after contract; those that begin with `/*both*/` also before, with `/*before*/` only before.
    pub(crate) checks: &'static [(&'static str, &'static str)],
}

const USERS: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\n";
const USER: &str = "INSERT INTO users (id, name, email, age) VALUES (:n, 'n:n', 'e:n', 30)";
const SHOP: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text);\nCREATE TABLE orders (id integer PRIMARY KEY, user_id integer, total integer NOT NULL);\n";

/// A table whose rows take others with them.
const FAMILY: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\nCREATE TABLE posts (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE);\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\n";

const FAMILY_CASE: Case = Case {
    databases: &[Sqlite],
    given: FAMILY,
    old: &["INSERT INTO users (id, name) VALUES (:n, 'old')", "INSERT INTO posts (id, user_id) VALUES (:n, 5)"],
    checks: &[
        ("SELECT count(*) FROM users", "308"),
        ("SELECT count(*) FROM posts", "5"),
        ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
    ],
    ..USUAL
};

const USUAL: Case = Case {
    name: "",
    databases: &[Postgres, Sqlite],
    version: None,
    given: USERS,
    seed: USER,
    asked: Asked::New(&[]),
    original: "",
    old: &["INSERT INTO users (id, name, email, age) VALUES (:n, 'old', 'old:n', 31)", "UPDATE users SET age = 32 WHERE id = 7"],
    new: &["INSERT INTO users (id, name, email, age) VALUES (:n, 'new', 'new:n', 33)", "UPDATE users SET age = 34 WHERE id = 8"],
    renamed: None,
    checks: &[],
};

const MYSQL: Case = Case {
    databases: &[Mysql],
    given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int);\n",
    ..USUAL
};

pub(crate) const ALL: &[Case] = &[
    Case {
        name: "new set-not-null",
        databases: &[Postgres],
        asked: Asked::New(&["set-not-null", "users.email", "--value", "''"]),
        original: "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')"],
        checks: &[("SELECT count(*) > 0 FROM users WHERE email = ''", "t")],
        ..USUAL
    },
    Case {
        name: "new add-column, constant",
        asked: Asked::New(&["add-column", "users.bio", "text not null default ''"]),
        original: "ALTER TABLE users ADD COLUMN bio text not null default ''",
        new: &["INSERT INTO users (id, name, bio) VALUES (:n, 'new', 'b')"],
        ..USUAL
    },
    Case {
        name: "new add-column, computed",
        databases: &[Postgres],
        asked: Asked::New(&["add-column", "users.token", "uuid not null default gen_random_uuid() unique"]),
        original: "ALTER TABLE users ADD COLUMN token uuid not null default gen_random_uuid() unique",
        new: &["INSERT INTO users (id, name, token) VALUES (:n, 'new', gen_random_uuid())"],
        checks: &[("SELECT count(*) FROM users WHERE token IS NULL", "0")],
        ..USUAL
    },
    Case {
        name: "new add-column, numbered",
        databases: &[Postgres],
        asked: Asked::New(&["add-column", "users.number", "bigserial"]),
        original: "ALTER TABLE users ADD COLUMN number bigserial",
        checks: &[("SELECT count(*) = count(DISTINCT number) FROM users", "t")],
        ..USUAL
    },
    Case {
        name: "new drop-column",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, nick text NOT NULL);\nCREATE INDEX users_nick ON users (nick);\n",
        seed: "INSERT INTO users (id, name, nick) VALUES (:n, 'n', 'nick')",
        asked: Asked::New(&["drop-column", "users.nick"]),
        original: "ALTER TABLE users DROP COLUMN nick",
        old: &["INSERT INTO users (id, name, nick) VALUES (:n, 'old', 'nick')"],
        new: &["INSERT INTO users (id, name) VALUES (:n, 'new')"],
        ..USUAL
    },
    Case {
        name: "new drop-column with an index",
        databases: &[Sqlite],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, nick text);\nCREATE INDEX users_nick ON users (nick);\n",
        seed: "INSERT INTO users (id, name, nick) VALUES (:n, 'n', 'nick')",
        asked: Asked::New(&["drop-column", "users.nick"]),
        original: "DROP INDEX users_nick;\nALTER TABLE users DROP COLUMN nick",
        old: &["INSERT INTO users (id, name, nick) VALUES (:n, 'old', 'nick')"],
        new: &["INSERT INTO users (id, name) VALUES (:n, 'new')"],
        ..USUAL
    },
    Case {
        name: "new add-index",
        asked: Asked::New(&["add-index", "users(email, age)", "--where", "age > 3"]),
        original: "CREATE INDEX users_email ON users (email, age) WHERE age > 3",
        ..USUAL
    },
    Case {
        name: "new add-index, unique",
        asked: Asked::New(&["add-index", "users(email)", "--unique", "--name", "users_email_once"]),
        original: "CREATE UNIQUE INDEX users_email_once ON users (email)",
        ..USUAL
    },
    Case {
        name: "new add-foreign-key",
        databases: &[Postgres],
        given: SHOP,
        seed: "WITH u AS (INSERT INTO users (id, name) VALUES (:n, 'n')) INSERT INTO orders (id, user_id, total) VALUES (:n, NULL, 3)",
        asked: Asked::New(&["add-foreign-key", "orders.user_id", "users.id", "--on-delete", "cascade"]),
        original: "CREATE INDEX o ON orders (user_id);\nALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)"],
        new: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 4, 3)"],
        ..USUAL
    },
    Case {
        name: "new add-check",
        databases: &[Postgres],
        asked: Asked::New(&["add-check", "users", "age > 0", "--name", "users_age"]),
        original: "ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0)",
        ..USUAL
    },
    Case {
        name: "new add-unique",
        databases: &[Postgres],
        asked: Asked::New(&["add-unique", "users(email, age)"]),
        original: "ALTER TABLE users ADD UNIQUE (email, age)",
        ..USUAL
    },
    Case {
        name: "new add-unique as an index",
        databases: &[Sqlite],
        asked: Asked::New(&["add-unique", "users(email)"]),
        original: "CREATE UNIQUE INDEX users_email ON users (email)",
        ..USUAL
    },
    Case {
        name: "new split-table",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, bio text, avatar text DEFAULT 'none');\n",
        seed: "INSERT INTO users (id, name, bio, avatar) VALUES (:n, 'n', 'b:n', 'a:n')",
        asked: Asked::New(&["split-table", "users", "profiles", "--columns", "bio,avatar"]),
        original: "CREATE TABLE profiles (user_id integer PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text, avatar text DEFAULT 'none');\nALTER TABLE users DROP COLUMN bio, DROP COLUMN avatar",
        old: &[
            "INSERT INTO users (id, name, bio) VALUES (:n, 'old', 'o:n')",
            "UPDATE users SET bio = 'old' WHERE id = 3",
            "INSERT INTO users (id, name, bio) VALUES (9000000 + :n, 'old', 'x')",
            "DELETE FROM users WHERE id > 9000000",
        ],
        new: &[
            "WITH u AS (INSERT INTO users (id, name) VALUES (:n, 'new') RETURNING id) INSERT INTO profiles (user_id, bio) SELECT 4, 'x' FROM u WHERE false",
            "INSERT INTO profiles (user_id, bio, avatar) VALUES (3, 'new', 'pic') ON CONFLICT (user_id) DO UPDATE SET bio = 'new', avatar = 'pic'",
            "UPDATE profiles SET avatar = 'face' WHERE user_id = 5",
        ],
        checks: &[
            ("/*both*/ SELECT bio, avatar FROM profiles WHERE user_id = 5", "b5|face"),
            ("SELECT bio, avatar FROM profiles WHERE user_id = 3", "new|pic"),
            ("SELECT bio FROM profiles WHERE user_id = 7", "b7"),
        ],
        ..USUAL
    },
    Case {
        name: "new split-table on sqlite",
        databases: &[Sqlite],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, bio text, avatar text DEFAULT 'none');\n",
        seed: "INSERT INTO users (id, name, bio, avatar) VALUES (:n, 'n', 'b:n', 'a:n')",
        asked: Asked::New(&["split-table", "users", "profiles", "--columns", "bio,avatar"]),
        original: "CREATE TABLE profiles (user_id integer PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text, avatar text DEFAULT 'none');\nALTER TABLE users DROP COLUMN bio;\nALTER TABLE users DROP COLUMN avatar",
        old: &["INSERT INTO users (id, name, bio) VALUES (:n, 'old', 'o:n')", "UPDATE users SET bio = 'old' WHERE id = 3"],
        new: &[
            "INSERT INTO users (id, name) VALUES (:n, 'new')",
            "INSERT INTO profiles (user_id, bio, avatar) VALUES (3, 'new', 'pic') ON CONFLICT (user_id) DO UPDATE SET bio = 'new', avatar = 'pic'",
            "UPDATE profiles SET avatar = 'face' WHERE user_id = 5",
        ],
        checks: &[
            ("/*both*/ SELECT bio, avatar FROM profiles WHERE user_id = 5", "b5|face"),
            ("SELECT bio, avatar FROM profiles WHERE user_id = 3", "new|pic"),
        ],
        ..USUAL
    },
    Case {
        name: "new rename-table",
        asked: Asked::New(&["rename-table", "users", "people"]),
        original: "ALTER TABLE users RENAME TO people",
        new: &["INSERT INTO people (id, name) VALUES (:n, 'new')", "UPDATE people SET age = 40 WHERE id = 9"],
        ..USUAL
    },
    Case {
        name: "new drop-table",
        given: SHOP,
        seed: "INSERT INTO users (id, name) VALUES (:n, 'n')",
        asked: Asked::New(&["drop-table", "orders"]),
        original: "DROP TABLE orders",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)"],
        new: &["INSERT INTO users (id, name) VALUES (:n, 'n')"],
        ..USUAL
    },
    Case {
        name: "fix of one file with safe and unsafe statements",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer, nick text NOT NULL);\nCREATE TABLE orders (id integer PRIMARY KEY, user_id integer, total integer NOT NULL);\n",
        seed: "INSERT INTO users (id, name, email, age, nick) VALUES (:n, 'n', 'e:n', 30, 'k')",
        asked: Asked::Fix(
            "-- of a framework\nBEGIN;\nCREATE TABLE notes (id integer PRIMARY KEY, body text);\n-- unused\nALTER TABLE users DROP COLUMN nick;\nALTER TABLE users ADD COLUMN bio text, ALTER COLUMN email SET NOT NULL, ADD CONSTRAINT users_age CHECK (age > 0);\nCREATE INDEX orders_user ON orders (user_id);\nALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id);\nUPDATE users SET bio = '' WHERE bio IS NULL;\nALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);\nALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();\nCOMMIT;\n",
        ),
        original: "CREATE TABLE notes (id integer PRIMARY KEY, body text);\nALTER TABLE users DROP COLUMN nick;\nALTER TABLE users ADD COLUMN bio text, ALTER COLUMN email SET NOT NULL, ADD CONSTRAINT users_age CHECK (age > 0);\nCREATE INDEX orders_user ON orders (user_id);\nALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id);\nALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);\nALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
        old: &["INSERT INTO users (id, name, email, age, nick) VALUES (:n, 'old', 'o:n', 3, 'k')", "INSERT INTO orders VALUES (:n, 5, 5)"],
        new: &["INSERT INTO users (id, name, email, age, bio) VALUES (:n, 'new', 'n:n', 3, 'b')"],
        ..USUAL
    },
    Case {
        name: "fix of a flat file of SQLite",
        databases: &[Sqlite],
        asked: Asked::Fix(
            "ALTER TABLE users ADD COLUMN bio text;\nUPDATE users SET bio = '' WHERE bio IS NULL;\nALTER TABLE users DROP COLUMN age;\n",
        ),
        original: "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users DROP COLUMN age",
        new: &["INSERT INTO users (id, name, bio) VALUES (:n, 'new', 'b')"],
        ..USUAL
    },
    Case {
        name: "fix of a rebuild, foreign keys switched inside the transaction",
        asked: Asked::Fix(
            "BEGIN;\nPRAGMA foreign_keys=OFF;\n-- every user has an age\nCREATE TABLE \"new__users\" (\"id\" integer PRIMARY KEY, \"name\" text NOT NULL, \"email\" text, \"age\" integer NOT NULL);\nINSERT INTO \"new__users\" (\"id\", \"name\", \"email\", \"age\") SELECT \"id\", \"name\", \"email\", coalesce(\"age\", 0) FROM \"users\";\nDROP TABLE \"users\";\nALTER TABLE \"new__users\" RENAME TO \"users\";\nCREATE UNIQUE INDEX \"users_email\" ON \"users\" (\"email\");\nPRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys=ON;\n",
        ),
        original: "CREATE TABLE n (id integer PRIMARY KEY, name text NOT NULL, email text, age integer NOT NULL);\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email)",
        ..FAMILY_CASE
    },
    Case {
        name: "fix of a rebuild without a transaction, which relaxes",
        asked: Asked::Fix(
            "-- RedefineTables\nPRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\nCREATE TABLE \"new_users\" (\"id\" integer PRIMARY KEY, \"name\" text, \"email\" text, \"age\" integer);\nINSERT INTO \"new_users\" (\"age\", \"email\", \"id\", \"name\") SELECT \"age\", \"email\", \"id\", \"name\" FROM \"users\";\nDROP TABLE \"users\";\nALTER TABLE \"new_users\" RENAME TO \"users\";\nCREATE UNIQUE INDEX \"users_email\" ON \"users\"(\"email\");\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\nPRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\n",
        ),
        original: "CREATE TABLE n (id integer PRIMARY KEY, name text, email text, age integer);\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;",
        new: &["INSERT INTO users (id) VALUES (:n)"],
        ..FAMILY_CASE
    },
    Case {
        name: "fix of a rebuild that renames first",
        asked: Asked::Fix(
            "PRAGMA foreign_keys=off;\nBEGIN TRANSACTION;\nALTER TABLE users RENAME TO _users_old;\nDROP INDEX users_email;\nDROP TRIGGER users_aged;\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer CHECK (age > 17));\nCREATE UNIQUE INDEX users_email ON users (email);\nINSERT INTO users (id, name, email, age) SELECT _users_old.id, name, email, age FROM _users_old;\nDROP TABLE _users_old;\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\nCOMMIT;\nPRAGMA foreign_keys=on;\nCREATE TABLE notes (id integer PRIMARY KEY);\n",
        ),
        original: "CREATE TABLE n (id integer PRIMARY KEY, name text NOT NULL, email text, age integer CHECK (age > 17));\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\nCREATE TABLE notes (id integer PRIMARY KEY)",
        ..FAMILY_CASE
    },
    Case {
        name: "fix of two rebuilds, parent and child",
        asked: Asked::Fix(
            "CREATE TABLE posts_new (id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE, body text);\nINSERT INTO posts_new (id, user_id) SELECT id, user_id FROM posts;\nDROP TABLE posts;\nALTER TABLE posts_new RENAME TO posts;\nCREATE TABLE users_new (id integer PRIMARY KEY, name text, email text, age integer);\nINSERT INTO users_new SELECT id, name, email, age FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\n",
        ),
        original: "DROP TABLE posts;\nDROP TABLE users;\nCREATE TABLE users (id integer PRIMARY KEY, name text, email text, age integer);\nCREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE, body text);\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;",
        ..FAMILY_CASE
    },
    Case {
        name: "fix of an enum made anew without a label",
        databases: &[Postgres],
        version: None,
        given: "CREATE TYPE kind AS ENUM ('user', 'mod', 'admin');\nCREATE TABLE users (id integer PRIMARY KEY, role kind NOT NULL DEFAULT 'user');\nCREATE INDEX users_role ON users (role);\n",
        seed: "INSERT INTO users (id, role) VALUES (:n, (ARRAY['user', 'mod', 'admin'])[:n % 3 + 1]::kind)",
        asked: Asked::Fix(
            "BEGIN;\nCREATE TYPE kind_new AS ENUM ('user', 'admin');\nALTER TABLE users ALTER COLUMN role DROP DEFAULT;\nALTER TABLE users ALTER COLUMN role TYPE kind_new USING (role::text::kind_new);\nALTER TYPE kind RENAME TO kind_old;\nALTER TYPE kind_new RENAME TO kind;\nDROP TYPE kind_old;\nALTER TABLE users ALTER COLUMN role SET DEFAULT 'user';\nCOMMIT;\n",
        ),
        original: "CREATE TYPE kind_new AS ENUM ('user', 'admin');\nALTER TABLE users ALTER COLUMN role DROP DEFAULT;\nALTER TABLE users ALTER COLUMN role TYPE kind_new USING (CASE role::text WHEN 'mod' THEN 'user' ELSE role::text END)::kind_new;\nDROP TYPE kind;\nALTER TABLE users ALTER COLUMN role SET DEFAULT 'user'",
        old: &["INSERT INTO users (id, role) VALUES (:n, 'mod')"],
        new: &["INSERT INTO users (id, role_new) VALUES (:n, 'admin')"],
        renamed: Some(("role_new", "role")),
        checks: &[
            ("SELECT count(*) FROM users WHERE role_new IS NULL", "0"),
            ("SELECT count(*) > 0 FROM users WHERE role_new = 'admin'", "t"),
        ],
    },
    Case {
        name: "new set-not-null on sqlite",
        databases: &[Sqlite],
        given: "CREATE TABLE \"users\" (id integer PRIMARY KEY AUTOINCREMENT, -- never again\n  name text NOT NULL DEFAULT 'x, (y)' COLLATE NOCASE, CHECK (length(name) < 90)) STRICT;\nALTER TABLE users ADD COLUMN mail text;\nALTER TABLE users RENAME COLUMN mail TO email; -- its last name\nCREATE TABLE log (n integer);\nCREATE UNIQUE INDEX users_email ON users (email) WHERE email <> '';\nCREATE TRIGGER users_log AFTER INSERT ON users BEGIN INSERT INTO log VALUES (NEW.id); END;\nCREATE TRIGGER log_users AFTER DELETE ON log BEGIN UPDATE users SET name = 'gone' WHERE id = OLD.n; END;\nCREATE VIEW members AS SELECT id, email FROM users;\nCREATE VIEW few AS SELECT id FROM members WHERE id < 5;\nCREATE TRIGGER few_gone INSTEAD OF DELETE ON few BEGIN DELETE FROM users WHERE id = OLD.id; END;\n",
        seed: "INSERT INTO users (id, name, email) VALUES (:n, 'n:n', CASE WHEN :n % 2 THEN 'e:n' END)",
        asked: Asked::New(&["set-not-null", "users.email", "--value", "''"]),
        original: "DROP TRIGGER few_gone;\nDROP VIEW few;\nDROP VIEW members;\nDROP TRIGGER log_users;\nCREATE TABLE n (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL DEFAULT 'x, (y)' COLLATE NOCASE, email text NOT NULL, CHECK (length(name) < 90)) STRICT;\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email) WHERE email <> '';\nCREATE TRIGGER users_log AFTER INSERT ON users BEGIN INSERT INTO log VALUES (NEW.id); END;\nCREATE TRIGGER log_users AFTER DELETE ON log BEGIN UPDATE users SET name = 'gone' WHERE id = OLD.n; END;\nCREATE VIEW members AS SELECT id, email FROM users;\nCREATE VIEW few AS SELECT id FROM members WHERE id < 5;\nCREATE TRIGGER few_gone INSTEAD OF DELETE ON few BEGIN DELETE FROM users WHERE id = OLD.id; END;",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')"],
        new: &["INSERT INTO users (id, name, email) VALUES (:n, 'new', 'x:n')"],
        checks: &[
            ("SELECT count(*) FROM users WHERE email IS NULL", "0"),
            ("SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'users') >= max(id) FROM users", "1"),
            ("SELECT count(*) FROM sqlite_sequence WHERE name = 'users_new'", "0"),
        ],
        ..USUAL
    },
    Case {
        name: "new add-check on sqlite",
        databases: &[Sqlite],
        given: FAMILY,
        asked: Asked::New(&["add-check", "users", "age > 0", "--name", "users_age"]),
        original: "CREATE TABLE n (id integer PRIMARY KEY, name text NOT NULL, email text, age integer, CONSTRAINT users_age CHECK (age > 0));\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END",
        ..FAMILY_CASE
    },
    Case {
        name: "new add-foreign-key on sqlite",
        databases: &[Sqlite],
        given: SHOP,
        seed: "INSERT INTO orders (id, user_id, total) VALUES (:n, CASE WHEN :n % 2 THEN 3 END, 3)",
        asked: Asked::New(&["add-foreign-key", "orders.user_id", "users.id", "--on-delete", "cascade"]),
        original: "CREATE TABLE n (id integer PRIMARY KEY, user_id integer, total integer NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);\nDROP TABLE orders;\nALTER TABLE n RENAME TO orders;\nCREATE INDEX orders_user_id_idx ON orders (user_id)",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 99, 3)"],
        new: &["INSERT INTO orders (id, user_id, total) VALUES (:n, NULL, 3)"],
        checks: &[("SELECT count(*) FROM pragma_foreign_key_check", "0")],
        ..USUAL
    },
    Case {
        name: "fix of a primary key",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer, name text NOT NULL);\nCREATE UNIQUE INDEX walk ON users (name);\n",
        seed: "INSERT INTO users (id, name) VALUES (:n, 'n:n')",
        asked: Asked::Fix("ALTER TABLE users ADD PRIMARY KEY (id);\n"),
        original: "ALTER TABLE users ADD PRIMARY KEY (id)",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old:n')"],
        new: &["INSERT INTO users (id, name) VALUES (:n, 'new:n')"],
        ..USUAL
    },
    Case {
        name: "new rename-column",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'nobody' CHECK (length(name) < 90), email text, age integer, UNIQUE (name, age, id));\nCREATE INDEX users_name_age ON users (lower(name), age) WHERE name <> 'nobody';\n",
        asked: Asked::New(&["rename-column", "users.name", "full_name"]),
        original: "ALTER TABLE users RENAME COLUMN name TO full_name",
        old: &[
            "INSERT INTO users (id, name) VALUES (:n, 'old')",
            "UPDATE users SET name = 'old' WHERE id = 3",
            "INSERT INTO users (id) VALUES (:n)",
        ],
        new: &[
            "INSERT INTO users (id, full_name) VALUES (:n, 'new')",
            "UPDATE users SET full_name = 'new' WHERE id = 4",
            "INSERT INTO users (id) VALUES (:n)",
        ],
        checks: &[
            ("/*both*/ SELECT full_name FROM users WHERE id IN (3, 4, 5) ORDER BY id", "old\nnew\nn5"),
            ("SELECT count(*) > 3 FROM users WHERE full_name = 'nobody'", "t"),
        ],
        ..USUAL
    },
    Case {
        name: "new rename-column on sqlite",
        databases: &[Sqlite],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\nCREATE INDEX users_email ON users (email, age);\n",
        asked: Asked::New(&["rename-column", "users.email", "address"]),
        original: "ALTER TABLE users RENAME COLUMN email TO address",
        new: &["INSERT INTO users (id, name, address) VALUES (:n, 'new', 'x')", "UPDATE users SET address = 'new' WHERE id = 4"],
        checks: &[("/*both*/ SELECT address FROM users WHERE id IN (4, 5) ORDER BY id", "new\ne5")],
        ..USUAL
    },
    Case {
        name: "new change-type",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer NOT NULL);\n",
        asked: Asked::New(&[
            "change-type",
            "users.age",
            "bigint",
            "--name",
            "age_big",
            "--forward",
            "age * 10",
            "--backward",
            "age_big / 10",
        ]),
        original: "ALTER TABLE users ALTER COLUMN age TYPE bigint",
        new: &["INSERT INTO users (id, name, age_big) VALUES (:n, 'new', 400)", "UPDATE users SET age_big = 500 WHERE id = 4"],
        renamed: Some(("users.age_big", "users.age")),
        checks: &[
            ("/*before*/ SELECT age FROM users WHERE id = 4", "50"),
            ("SELECT age_big FROM users WHERE id IN (4, 5, 7) ORDER BY id", "500\n300\n320"),
        ],
        ..USUAL
    },
    Case {
        name: "new change-type on sqlite",
        databases: &[Sqlite],
        asked: Asked::New(&["change-type", "users.age", "text"]),
        original: "ALTER TABLE users DROP COLUMN age;\nALTER TABLE users ADD COLUMN age_text text",
        new: &["INSERT INTO users (id, name, age_text) VALUES (:n, 'new', '40')", "UPDATE users SET age_text = '50' WHERE id = 4"],
        checks: &[("SELECT age_text, typeof(age_text) FROM users WHERE id IN (4, 7) ORDER BY id", "50|text\n32|text")],
        ..USUAL
    },
    Case {
        name: "fix of a renamed column among others",
        databases: &[Postgres],
        asked: Asked::Fix(
            "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users RENAME COLUMN email TO address;\nCREATE INDEX users_address ON users (address);\n",
        ),
        original: "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users RENAME COLUMN email TO address;\nCREATE INDEX users_address ON users (address)",
        new: &["INSERT INTO users (id, name, address) VALUES (:n, 'new', 'x')", "UPDATE users SET address = 'new' WHERE id = 4"],
        checks: &[("/*both*/ SELECT address FROM users WHERE id IN (4, 5) ORDER BY id", "new\ne5")],
        ..USUAL
    },
    Case {
        name: "fix of a changed type",
        databases: &[Postgres],
        asked: Asked::Fix("ALTER TABLE users ALTER COLUMN age TYPE bigint;\n"),
        original: "ALTER TABLE users ALTER COLUMN age TYPE bigint",
        new: &["INSERT INTO users (id, name, age_bigint) VALUES (:n, 'new', 41)"],
        renamed: Some(("users.age_bigint", "users.age")),
        checks: &[("SELECT age_bigint FROM users WHERE id IN (5, 7) ORDER BY id", "30\n32")],
        ..USUAL
    },
    Case {
        name: "fix of a renamed label",
        databases: &[Postgres],
        given: "CREATE TYPE mood AS ENUM ('sad', 'ok');\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, mood mood);\n",
        seed: "INSERT INTO users (id, name, mood) VALUES (:n, 'n', 'ok')",
        asked: Asked::Fix("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';\n"),
        original: "ALTER TYPE mood ADD VALUE 'fine'",
        old: &["INSERT INTO users (id, name, mood) VALUES (:n, 'old', 'ok')"],
        new: &["INSERT INTO users (id, name, mood) VALUES (:n, 'new', 'fine')"],
        checks: &[("SELECT mood FROM users WHERE id = 5", "fine")],
        ..USUAL
    },
    Case {
        name: "fix of an identity",
        databases: &[Postgres],
        asked: Asked::Fix("ALTER TABLE users ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY;\n"),
        original: "ALTER TABLE users ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY",
        checks: &[("SELECT count(*) = count(DISTINCT number) FROM users", "t")],
        ..USUAL
    },
    Case {
        name: "fix of an index without a name and one on a partitioned table",
        databases: &[Postgres],
        given: "CREATE TABLE logs (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\nCREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\n",
        asked: Asked::Fix("CREATE INDEX ON users (age, lower(email));\nCREATE INDEX logs_at ON logs (at);\n"),
        original: "CREATE INDEX ON users (age, lower(email));\nCREATE INDEX logs_at ON logs (at)",
        ..USUAL
    },
    Case {
        name: "fix of ATTACH PARTITION",
        databases: &[Postgres],
        given: "CREATE TABLE logs (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);\nCREATE TABLE logs_2 (id bigint NOT NULL, at date NOT NULL, PRIMARY KEY (id, at));\n",
        seed: "INSERT INTO logs_2 VALUES (:n, '2026-03-03')",
        asked: Asked::Fix("ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"),
        original: "ALTER TABLE logs ATTACH PARTITION logs_2 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        old: &["INSERT INTO logs_2 VALUES (:n, '2026-03-03')"],
        new: &["INSERT INTO logs_2 VALUES (:n, '2026-03-03')"],
        ..USUAL
    },
    Case {
        name: "fix of a foreign key and a CHECK written with a column",
        databases: &[Postgres],
        given: SHOP,
        seed: "INSERT INTO users (id, name) VALUES (:n, 'n')",
        asked: Asked::Fix("ALTER TABLE orders ADD COLUMN buyer integer REFERENCES users (id) CHECK (buyer > 0) UNIQUE;\n"),
        original: "ALTER TABLE orders ADD COLUMN buyer integer REFERENCES users (id) CHECK (buyer > 0) UNIQUE",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)"],
        new: &["INSERT INTO orders (id, total) VALUES (:n, 3)"],
        ..USUAL
    },
    Case {
        name: "fix of a renamed table with what follows",
        databases: &[Postgres],
        asked: Asked::Fix("ALTER TABLE users RENAME TO people;\nALTER TABLE people ADD COLUMN bio text;\n"),
        original: "ALTER TABLE users RENAME TO people;\nALTER TABLE people ADD COLUMN bio text",
        new: &["INSERT INTO people (id, name, bio) VALUES (:n, 'new', 'b')"],
        ..USUAL
    },
    Case {
        name: "fix of defaults, indexes and a required column",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'x', email text, age integer);\nCREATE INDEX users_age ON users (age);\n",
        asked: Asked::Fix(
            "DROP INDEX users_age;\nALTER TABLE users ALTER name DROP DEFAULT;\nALTER TABLE users ADD COLUMN plan text NOT NULL;\n",
        ),
        original: "DROP INDEX users_age;\nALTER TABLE users ALTER name DROP DEFAULT;\nALTER TABLE users ADD COLUMN plan text NOT NULL",
        new: &["INSERT INTO users (id, name, plan) VALUES (:n, 'new', 'free')"],
        ..USUAL
    },
    Case {
        name: "new set-not-null on mysql",
        asked: Asked::New(&["set-not-null", "users.email", "--value", "''"]),
        original: "UPDATE users SET email = '' WHERE email IS NULL;\nALTER TABLE users MODIFY email varchar(100) NOT NULL",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')"],
        ..MYSQL
    },
    Case {
        name: "new add-column on mysql",
        asked: Asked::New(&["add-column", "users.token", "varchar(36) not null"]),
        original: "ALTER TABLE users ADD COLUMN token varchar(36) NOT NULL",
        new: &["INSERT INTO users (id, name, token) VALUES (:n, 'new', 't')"],
        ..MYSQL
    },
    Case {
        name: "new drop-column on mysql",
        asked: Asked::New(&["drop-column", "users.name"]),
        original: "ALTER TABLE users DROP COLUMN name",
        new: &["INSERT INTO users (id, email) VALUES (:n, 'new:n')"],
        ..MYSQL
    },
    Case {
        name: "new add-index on mysql",
        asked: Asked::New(&["add-index", "users(email, age)"]),
        original: "CREATE INDEX users_email ON users (email, age)",
        ..MYSQL
    },
    Case {
        name: "new add-unique on mysql",
        asked: Asked::New(&["add-unique", "users(email)"]),
        original: "ALTER TABLE users ADD UNIQUE (email)",
        ..MYSQL
    },
    Case {
        name: "new rename-table on mysql",
        asked: Asked::New(&["rename-table", "users", "people"]),
        original: "ALTER TABLE users RENAME TO people",
        new: &["INSERT INTO people (id, name) VALUES (:n, 'new')", "UPDATE people SET age = 40 WHERE id = 9"],
        ..MYSQL
    },
    Case {
        name: "fix of MODIFY on mysql",
        asked: Asked::Fix("ALTER TABLE users MODIFY COLUMN email varchar(100) NOT NULL;\nALTER TABLE users DROP COLUMN age;\n"),
        original: "UPDATE users SET email = '' WHERE email IS NULL;\nALTER TABLE users MODIFY email varchar(100) NOT NULL;\nALTER TABLE users DROP COLUMN age",
        new: &["INSERT INTO users (id, name, email) VALUES (:n, 'new', 'new:n')"],
        ..MYSQL
    },
    Case {
        name: "new rename-column on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL COMMENT 'who', age int, KEY users_name_age (name, age), UNIQUE KEY users_age_id_name (age, id, name));\n",
        seed: "INSERT INTO users (id, name, age) VALUES (:n, 'n:n', 30)",
        asked: Asked::New(&["rename-column", "users.name", "full_name"]),
        original: "ALTER TABLE users RENAME COLUMN name TO full_name",
        old: &["INSERT INTO users (id, name, age) VALUES (:n, 'old', 31)", "UPDATE users SET name = 'old' WHERE id = 3"],
        new: &["INSERT INTO users (id, full_name, age) VALUES (:n, 'new', 31)", "UPDATE users SET full_name = 'new' WHERE id = 4"],
        checks: &[("SELECT full_name FROM users WHERE id IN (3, 4, 5) ORDER BY id", "old\nnew\nn5")],
        ..MYSQL
    },
    Case {
        name: "new rename-column with a default on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL DEFAULT 'nobody', email varchar(100), age int);\n",
        asked: Asked::New(&["rename-column", "users.name", "full_name"]),
        original: "ALTER TABLE users RENAME COLUMN name TO full_name",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')", "INSERT INTO users (id) VALUES (:n)"],
        new: &["INSERT INTO users (id, full_name) VALUES (:n, 'new')", "INSERT INTO users (id) VALUES (:n)"],
        checks: &[("SELECT count(*) FROM users WHERE full_name NOT IN ('old', 'new', 'nobody') AND full_name NOT LIKE 'n%'", "0")],
        ..MYSQL
    },
    Case {
        name: "new rename-column with a foreign key on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80));\nINSERT INTO users VALUES (3, 'c'), (4, 'd');\nCREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int NOT NULL, CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);\n",
        seed: "INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)",
        asked: Asked::New(&["rename-column", "orders.user_id", "buyer_id"]),
        original: "ALTER TABLE orders RENAME COLUMN user_id TO buyer_id",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)"],
        new: &["INSERT INTO orders (id, buyer_id, total) VALUES (:n, 4, 3)"],
        checks: &[("SELECT count(*) FROM orders WHERE buyer_id IS NULL", "0")],
        ..MYSQL
    },
    Case {
        name: "new change-type on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int NOT NULL, KEY users_name_age (name, age));\n",
        asked: Asked::New(&[
            "change-type",
            "users.age",
            "bigint",
            "--name",
            "age_big",
            "--forward",
            "age * 10",
            "--backward",
            "age_big DIV 10",
        ]),
        original: "ALTER TABLE users MODIFY age bigint NOT NULL",
        new: &["INSERT INTO users (id, name, age_big) VALUES (:n, 'new', 400)", "UPDATE users SET age_big = 500 WHERE id = 4"],
        renamed: Some(("age_big", "age")),
        checks: &[("SELECT age_big FROM users WHERE id IN (4, 5, 7) ORDER BY id", "500\n300\n320")],
        ..MYSQL
    },
    Case {
        name: "fix of MODIFY to another type on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int, KEY users_age_email (age, email));\n",
        asked: Asked::Fix("ALTER TABLE users MODIFY age bigint, ADD COLUMN bio text;\n"),
        original: "ALTER TABLE users MODIFY age bigint, ADD COLUMN bio text",
        new: &["INSERT INTO users (id, name, age_bigint) VALUES (:n, 'new', 40)", "UPDATE users SET age_bigint = 50 WHERE id = 4"],
        renamed: Some(("age_bigint", "age")),
        checks: &[("SELECT age_bigint FROM users WHERE id IN (4, 5, 7) ORDER BY id", "50\n30\n32")],
        ..MYSQL
    },
    Case {
        name: "fix of CHANGE on mysql",
        asked: Asked::Fix("ALTER TABLE users CHANGE COLUMN name full_name varchar(300) NOT NULL DEFAULT 'x';\n"),
        original: "ALTER TABLE users CHANGE name full_name varchar(300) NOT NULL DEFAULT 'x'",
        new: &["INSERT INTO users (id, full_name) VALUES (:n, 'new')", "UPDATE users SET full_name = 'new' WHERE id = 4"],
        checks: &[("SELECT full_name FROM users WHERE id IN (4, 5) ORDER BY id", "new\nn5")],
        ..MYSQL
    },
    Case {
        name: "new set-not-null of a column with everything on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'none' COMMENT 'it''s where', age int);\n",
        asked: Asked::New(&["set-not-null", "users.email", "--value", "'gone'"]),
        original: "UPDATE users SET email = '' WHERE email IS NULL;\nALTER TABLE users MODIFY email varchar(100) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'none' COMMENT 'it''s where'",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')"],
        ..MYSQL
    },
    Case {
        name: "new add-index, unique, on mysql",
        asked: Asked::New(&["add-index", "users(email)", "--unique", "--name", "users_email_once"]),
        original: "CREATE UNIQUE INDEX users_email_once ON users (email)",
        ..MYSQL
    },
    Case {
        name: "new add-foreign-key on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80));\nINSERT INTO users VALUES (3, 'c'), (4, 'd');\nCREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int NOT NULL);\n",
        seed: "INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)",
        asked: Asked::New(&["add-foreign-key", "orders.user_id", "users.id", "--on-delete", "cascade"]),
        original: "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
        old: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 3, 3)"],
        new: &["INSERT INTO orders (id, user_id, total) VALUES (:n, 4, 3)"],
        ..MYSQL
    },
    Case {
        name: "new split-table on mysql",
        given: "CREATE TABLE users (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL, bio varchar(80) COLLATE utf8mb4_bin COMMENT 'who', avatar varchar(80) DEFAULT 'none', motto text NOT NULL, KEY users_bio_name (bio, name)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\n",
        seed: "INSERT INTO users (id, name, bio, avatar, motto) VALUES (:n + 1, 'n', 'b:n', 'a:n', 'm:n')",
        asked: Asked::New(&["split-table", "users", "profiles", "--columns", "bio,avatar,motto"]),
        original: "CREATE TABLE profiles (user_id bigint unsigned PRIMARY KEY, bio varchar(80) COLLATE utf8mb4_bin COMMENT 'who', avatar varchar(80) DEFAULT 'none', motto text NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\nALTER TABLE users DROP INDEX users_bio_name, DROP COLUMN bio, DROP COLUMN avatar, DROP COLUMN motto",
        old: &[
            "INSERT INTO users (id, name, bio, motto) VALUES (:n, 'old', 'o:n', 'old')",
            "UPDATE users SET bio = 'old' WHERE id = 3",
            "UPDATE users SET motto = UPPER(motto) WHERE id IN (8, 9)",
            "INSERT INTO users (id, name, bio, motto) VALUES (9000000 + :n, 'old', 'x', 'y')",
            "DELETE FROM users WHERE id > 9000000",
        ],
        new: &[
            "INSERT INTO users (id, name) VALUES (:n, 'new')",
            "INSERT INTO profiles (user_id, bio, motto) VALUES (:n - 1, 'x', 'y')",
            "INSERT INTO profiles (user_id, bio, avatar, motto) VALUES (3, 'new', 'pic', '') ON DUPLICATE KEY UPDATE bio = 'new', avatar = 'pic'",
            "INSERT INTO profiles (user_id, bio, avatar, motto) VALUES (5, 'b4', 'face', 'm4') ON DUPLICATE KEY UPDATE avatar = 'face'",
        ],
        checks: &[
            ("SELECT bio, avatar FROM profiles WHERE user_id = 5", "b4\tface"),
            ("SELECT bio, avatar FROM profiles WHERE user_id = 3", "new\tpic"),
            ("SELECT bio, motto FROM profiles WHERE user_id IN (7, 8) ORDER BY user_id", "b6\tm6\nb7\tM7"),
            ("SELECT count(*) FROM profiles WHERE user_id NOT IN (SELECT id FROM users)", "0"),
        ],
        ..MYSQL
    },
    Case {
        name: "new add-check on mysql",
        asked: Asked::New(&["add-check", "users", "age > 17", "--name", "users_adult"]),
        original: "CREATE TRIGGER users_adult_insert BEFORE INSERT ON users FOR EACH ROW SET @a = 1;\nCREATE TRIGGER users_adult_update BEFORE UPDATE ON users FOR EACH ROW SET @a = 1",
        ..MYSQL
    },
    Case {
        name: "new add-check on mariadb",
        version: Some("mariadb-10.11"),
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int NOT NULL DEFAULT 30 COMMENT 'years');\n",
        asked: Asked::New(&["add-check", "users", "age > 17 OR email IS NOT NULL"]),
        original: "ALTER TABLE users MODIFY age int NOT NULL DEFAULT 30 COMMENT 'years' CHECK (age > 17 OR email IS NOT NULL)",
        ..MYSQL
    },
    Case {
        name: "new set-not-null of a column with a rule on mariadb",
        version: Some("mariadb-10.11"),
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int CHECK (age > 17));\n",
        asked: Asked::New(&["set-not-null", "users.age", "--value", "18"]),
        original: "UPDATE users SET age = 18 WHERE age IS NULL;\nALTER TABLE users MODIFY age int NOT NULL CHECK (age > 17)",
        old: &["INSERT INTO users (id, name) VALUES (:n, 'old')"],
        ..MYSQL
    },
    Case {
        name: "fix of a renamed column with a foreign key",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text);\nCREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE);\nCREATE INDEX orders_user_id ON orders (user_id);\n",
        seed: "WITH u AS (INSERT INTO users (id, name) VALUES (:n, 'n')) INSERT INTO orders (id, user_id) VALUES (:n, :n)",
        asked: Asked::Fix("ALTER TABLE orders RENAME COLUMN user_id TO buyer_id;\n"),
        original: "ALTER TABLE orders RENAME COLUMN user_id TO buyer_id",
        old: &["INSERT INTO orders (id, user_id) VALUES (:n, 3)", "UPDATE orders SET user_id = 4 WHERE id = 5"],
        new: &["INSERT INTO orders (id, buyer_id) VALUES (:n, 4)", "UPDATE orders SET buyer_id = 9 WHERE id = 6"],
        checks: &[("SELECT buyer_id FROM orders WHERE id IN (5, 6, 7) ORDER BY id", "4\n9\n7")],
        ..USUAL
    },
    Case {
        name: "fix of a renamed unique column that others reference",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text UNIQUE);\nCREATE TABLE posts (id integer PRIMARY KEY, author text REFERENCES users (email) ON UPDATE CASCADE);\nCREATE INDEX posts_author ON posts (author);\n",
        seed: "WITH u AS (INSERT INTO users (id, name, email) VALUES (:n, 'n', 'e:n')) INSERT INTO posts (id, author) VALUES (:n, 'e:n')",
        asked: Asked::Fix("ALTER TABLE users RENAME COLUMN email TO mail;\n"),
        original: "ALTER TABLE users RENAME COLUMN email TO mail",
        old: &[
            "INSERT INTO users (id, name, email) VALUES (:n, 'old', 'o:n') ON CONFLICT (email) DO NOTHING",
            "UPDATE users SET email = 'o:n' WHERE id = 5",
            "INSERT INTO posts (id, author) VALUES (:n, 'e7')",
        ],
        new: &[
            "INSERT INTO users (id, name, mail) VALUES (:n, 'new', 'n:n')",
            "UPDATE users SET mail = 'm:n' WHERE id = 6",
            "INSERT INTO posts (id, author) VALUES (:n, 'e8')",
        ],
        checks: &[("SELECT count(*) FROM posts JOIN users ON author = mail WHERE posts.id IN (5, 6, 7)", "3")],
        ..USUAL
    },
    Case {
        name: "fix of a renamed primary key that counts by itself",
        databases: &[Postgres],
        given: "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, boss bigint REFERENCES users (id));\nCREATE INDEX users_boss ON users (boss);\nCREATE TABLE posts (id integer PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE);\nCREATE INDEX posts_user_id ON posts (user_id);\n",
        seed: "WITH u AS (INSERT INTO users (name) VALUES ('n') RETURNING id) INSERT INTO posts (id, user_id) SELECT :n, id FROM u",
        asked: Asked::Fix("ALTER TABLE users RENAME COLUMN id TO user_id;\n"),
        original: "ALTER TABLE users RENAME COLUMN id TO user_id",
        old: &[
            "INSERT INTO users (name, boss) VALUES ('old', 3)",
            "INSERT INTO posts (id, user_id) VALUES (:n, 4)",
            "DELETE FROM users WHERE id = 200",
        ],
        new: &[
            "INSERT INTO users (name, boss) SELECT 'new', user_id FROM users WHERE user_id = 5",
            "INSERT INTO users (name) VALUES ('new')",
            "UPDATE users SET name = 'x' WHERE user_id = 7",
        ],
        checks: &[
            ("SELECT count(*) = count(DISTINCT user_id), count(*) > 300 FROM users", "t|t"),
            ("SELECT count(*) FROM posts LEFT JOIN users USING (user_id) WHERE users.user_id IS NULL", "0"),
            ("SELECT is_identity FROM information_schema.columns WHERE column_name = 'user_id' AND table_name = 'users'", "YES"),
        ],
        ..USUAL
    },
    Case {
        name: "new change-type of a primary key that runs out of numbers",
        databases: &[Postgres],
        given: "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);\nCREATE TABLE posts (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id));\nCREATE INDEX posts_user_id ON posts (user_id);\n",
        seed: "WITH u AS (INSERT INTO users (name) VALUES ('n') RETURNING id) INSERT INTO posts (id, user_id) SELECT :n, id FROM u",
        asked: Asked::New(&["change-type", "users.id", "bigint"]),
        original: "ALTER TABLE users ALTER COLUMN id TYPE bigint",
        old: &["INSERT INTO users (name) VALUES ('old')", "INSERT INTO posts (id, user_id) VALUES (:n, 4)"],
        new: &["INSERT INTO users (name) VALUES ('new')", "UPDATE users SET name = 'x' WHERE id_bigint = 7"],
        renamed: Some(("id_bigint", "id")),
        checks: &[
            ("SELECT count(*) = count(DISTINCT id_bigint) FROM users", "t"),
            ("SELECT data_type FROM information_schema.sequences WHERE sequence_name = 'users_id_seq'", "bigint"),
        ],
        ..USUAL
    },
    Case {
        name: "new rename-column that views read",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\nCREATE TABLE posts (id integer PRIMARY KEY, user_id integer);\nCREATE VIEW adults AS SELECT u.id, u.name, age FROM users u WHERE u.age > 17; -- 'age'\nCREATE VIEW everyone WITH (security_barrier) AS SELECT * FROM users WHERE age IS NOT NULL;\nCREATE OR REPLACE VIEW writers (who, old) AS SELECT u.name, u.age FROM users u JOIN posts ON posts.user_id = u.id;\nCREATE VIEW oldest AS SELECT max(age) AS top FROM adults;\n",
        asked: Asked::New(&["rename-column", "users.age", "years"]),
        original: "ALTER TABLE users RENAME COLUMN age TO years",
        old: &["INSERT INTO everyone (id, name, age) VALUES (:n, 'old', 31)", "UPDATE adults SET age = 32 WHERE id = 7"],
        new: &["INSERT INTO users (id, name, years) VALUES (:n, 'new', 33)", "UPDATE everyone SET age = 34 WHERE id = 8"],
        checks: &[
            ("/*both*/ SELECT age FROM adults WHERE id IN (7, 8, 9) ORDER BY id", "32\n34\n30"),
            ("/*both*/ SELECT top FROM oldest", "34"),
        ],
        ..USUAL
    },
    Case {
        name: "new rename-column that a view reads on sqlite",
        databases: &[Sqlite],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\nCREATE VIEW adults AS SELECT id, name, age FROM users WHERE age > 17;\n",
        asked: Asked::New(&["rename-column", "users.age", "years"]),
        original: "DROP VIEW adults;\nALTER TABLE users RENAME COLUMN age TO years;\nCREATE VIEW adults (id, name, age) AS SELECT id, name, years FROM users WHERE years > 17",
        new: &["INSERT INTO users (id, name, years) VALUES (:n, 'new', 33)", "UPDATE users SET years = 34 WHERE id = 8"],
        checks: &[("/*both*/ SELECT age FROM adults WHERE id IN (7, 8, 9) ORDER BY id", "32\n34\n30")],
        ..USUAL
    },
    Case {
        name: "new change-type of a column that a view reads",
        databases: &[Postgres],
        given: "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, email text, age integer);\nCREATE VIEW adults AS SELECT id, name, age FROM users WHERE age > 17;\n",
        asked: Asked::New(&["change-type", "users.age", "bigint"]),
        original: "DROP VIEW adults;\nALTER TABLE users RENAME COLUMN age TO age_bigint;\nALTER TABLE users ALTER COLUMN age_bigint TYPE bigint;\nCREATE VIEW adults (id, name, age) AS SELECT id, name, age_bigint FROM users WHERE age_bigint > 17",
        new: &["INSERT INTO users (id, name, age_bigint) VALUES (:n, 'new', 33)", "UPDATE users SET age_bigint = 34 WHERE id = 8"],
        checks: &[("/*both*/ SELECT age FROM adults WHERE id IN (7, 8, 9) ORDER BY id", "32\n34\n30")],
        ..USUAL
    },
    Case {
        name: "fix of a rebuild that takes and adds",
        asked: Asked::Fix(
            "PRAGMA foreign_keys=OFF;\nCREATE TABLE \"new_users\" (\"id\" integer PRIMARY KEY, \"name\" text NOT NULL, \"email\" text, \"age\" integer NOT NULL, \"bio\" text, \"plan\" text NOT NULL DEFAULT 'free', \"code\" text NOT NULL);\nINSERT INTO \"new_users\" (\"age\", \"code\", \"email\", \"id\", \"name\") SELECT coalesce(\"age\", 0), 'c' || \"id\", \"email\", \"id\", \"name\" FROM \"users\";\nDROP TABLE \"users\";\nALTER TABLE \"new_users\" RENAME TO \"users\";\nCREATE UNIQUE INDEX \"users_email\" ON \"users\" (\"email\");\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END;\nPRAGMA foreign_keys=ON;\n",
        ),
        original: "CREATE TABLE n (id integer PRIMARY KEY, name text NOT NULL, email text, age integer NOT NULL, bio text, plan text NOT NULL DEFAULT 'free', code text NOT NULL);\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\nCREATE UNIQUE INDEX users_email ON users (email);\nCREATE TRIGGER users_aged AFTER UPDATE OF age ON users WHEN NEW.age < 0 BEGIN SELECT RAISE(ABORT, 'age'); END",
        new: &[
            "INSERT INTO users (id, name, email, age, bio, code) VALUES (:n, 'new', 'new:n', 33, 'b', 'mine')",
            "UPDATE users SET bio = 'kept', plan = 'gold', code = 'own' WHERE id = 8",
        ],
        checks: &[
            ("SELECT count(*) FROM users", "308"),
            ("SELECT count(*) FROM posts", "5"),
            ("SELECT count(*) FROM pragma_foreign_key_check", "0"),
            ("SELECT bio, plan, code FROM users WHERE id IN (7, 8) ORDER BY id", "∅|free|c7\nkept|gold|own"),
        ],
        ..FAMILY_CASE
    },
    Case {
        name: "new rename-column that a view reads on mysql",
        given: "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, email varchar(100), age int);\nCREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW adults AS SELECT id, name, age FROM users WHERE age > 17;\n",
        asked: Asked::New(&["rename-column", "users.age", "years"]),
        original: "DROP VIEW adults;\nALTER TABLE users RENAME COLUMN age TO years;\nCREATE VIEW adults (id, name, age) AS SELECT id, name, years FROM users WHERE years > 17",
        old: &["INSERT INTO users (id, name, age) VALUES (:n, 'old', 31)", "UPDATE adults SET age = 32 WHERE id = 7"],
        new: &["INSERT INTO users (id, name, years) VALUES (:n, 'new', 33)", "UPDATE users SET years = 34 WHERE id = 8"],
        checks: &[("SELECT age FROM adults WHERE id IN (7, 8, 9) ORDER BY id", "32\n34\n30")],
        ..MYSQL
    },
];
