# Runs a program with config vars in its environment: with_config.pl <folder of values> <how many names> <names…> <program> <arguments…>
# No shell: there is a name among them for every variable that a shell keeps for itself.
use strict;

my $folder = shift;
for my $name (splice @ARGV, 0, shift) {
  # What the buildpack has set since it read the config is its word.
  next if exists $ENV{$name};
  open my $file, '<:raw', "$folder/$name" or die "$name: $!\n";
  local $/;
  $ENV{$name} = <$file> // '';
}
exec { $ARGV[0] } @ARGV or do {
  print STDERR "$ARGV[0]: $!\n";
  exit 127;
};
