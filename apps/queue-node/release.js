// The release process: an admin task in the new image with the new config, before anything is switched.
// A real app migrates its database here. RELEASE_FAILS=1 shows what a failing one does.
console.log(`preparing release ${process.env.TWELVE_RELEASE_VERSION ?? 'unreleased'}`);
if (process.env.RELEASE_FAILS === '1') {
  console.error('the migration failed (RELEASE_FAILS is 1)');
  process.exit(3);
}
console.log('nothing to migrate');
