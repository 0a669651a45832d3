// Loaded before a process that opens a store: it kills itself with SIGKILL at the statement KILL_AT of its migrations.
import Database from 'better-sqlite3';

let left = Number(process.env.KILL_AT);
let begun = false;
let migrating = false;

function count(sql) {
  // The transaction of the migrations is the first that the engine begins.
  if (sql.startsWith('BEGIN IMMEDIATE') && !begun) begun = migrating = true;
  if (migrating && (left -= 1) < 0) process.kill(process.pid, 'SIGKILL');
  if (sql.startsWith('COMMIT')) migrating = false;
}

const { exec, prepare } = Database.prototype;
Database.prototype.exec = function (sql) {
  count(sql);
  return exec.call(this, sql);
};
Database.prototype.prepare = function (sql) {
  count(sql);
  return prepare.call(this, sql);
};
