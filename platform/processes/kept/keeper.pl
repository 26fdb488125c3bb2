# Stands between a command and its caller, in the command's container, while callers and servers come and go: what passes
# between them is kept until the other side has said that it has it, and nothing is passed twice. When too much is kept
# the command waits, as for any slow reader. It ends with the command's status once that was taken, too.
#
# Arguments: tty or pipe, columns, rows, command…
# Standard input, lines that end with " ." (what a server that was killed left half-written does not):
#   hello NONCE STDOUT STDERR   a server is there, which has so many bytes of each: the rest again. The first begins the command
#   seen STDOUT STDERR          it has so many now
#   in OFFSET LENGTH HEX        input;  eof OFFSET   its end
#   size COLUMNS ROWS           of the terminal
#   bye                         it has the status
#   begun NONCE                 has the command begun?
# Standard output: "h NONCE TAKEN" answers hello, "b NONCE 0" or 1 begun; "o OFFSET LENGTH" and "e OFFSET LENGTH", each before so many bytes;
#   "t TAKEN": so many bytes of input were passed on; "x STATUS": the command has ended, and this was all.
# Its caller waits until it is there: what these would come from takes longer to load than all else. As on Linux.
use strict;
BEGIN { $^W = 1 }
my ($F_GETFL, $F_SETFL, $O_RDWR, $O_NOCTTY, $O_NONBLOCK) = (3, 4, 02, 0400, 04000);
my ($EINTR, $EAGAIN) = (4, 11);
sub now { require Time::HiRes; return Time::HiRes::time() }

my $most = 1_048_576;           # bytes kept of what the command printed
my $piece = 65_536;
my ($hurried, $unasked) = (0.5, 900); # seconds that its status waits for somebody: after it was told to end, and otherwise
my $unbegun = 60;               # seconds that the command waits for the first hello

my ($mode, $columns, $rows, @command) = @ARGV;
$0 = 'twelve-session';

# Signals are sent to everything in the container; they are the command's.
my $ending = 0;
$SIG{$_} = 'IGNORE' for my @left = qw(INT QUIT USR1 USR2 ALRM PIPE TTOU TTIN TSTP);
$SIG{$_} = sub { $ending = now() } for my @told = qw(TERM HUP);
$SIG{CHLD} = sub { };

my %kept = map { $_ => { from => 0, sent => 0, bytes => '', handle => undef, left => 2 * $most } } qw(o e);
my ($to, $master);                       # where input goes; the terminal
my ($taken, $input, $eof) = (0, '', undef);
my ($status, $over, $told);              # of the command; when all was read; whether it was said
my $lines = '';

# It is started while its caller is on the way. The command begins when that is there, or never.
my $pid;
my $started = time;

while (1) {
  my ($read, $write) = ('', '');
  vec($read, fileno(STDIN), 1) = 1 if defined fileno(STDIN);
  vec($read, fileno($_->{handle}), 1) = 1 for readable();
  vec($write, fileno($to), 1) = 1 if $to && length $input;
  my $held_up = grep { full($_) } values %kept;
  my $ready = select($read, $write, undef, defined $status && !$over && !$held_up ? 0 : 0.5);
  ($read, $write) = ('', '') if $ready < 0;
  take_lines() if defined fileno(STDIN) && vec($read, fileno(STDIN), 1);
  my @ready = grep { vec($read, fileno($_->{handle}), 1) } readable();
  take_output($_) for @ready;
  give_input() if $to && vec($write, fileno($to), 1);
  close_input() if $to && defined $eof && $eof <= $taken && !length $input;
  emit();
  # All of it was there when it ended; what it left behind could print for ever. A stream that was full was not looked at.
  $over = now() if defined $status && !$over && $ready >= 0 && !@ready && !$held_up;
  if (!$pid) {
    leave(129) if $ending || time > $started + $unbegun;
    next;
  }
  if (!defined $status && waitpid($pid, 1) == $pid) { $status = $? & 127 ? 128 + ($? & 127) : $? >> 8 }
  next unless $over;
  say_out("x $status\n") unless $told++;
  leave($status) if now() > $over + $unasked || $ending && $ending > $over - 60 && now() > ($ending > $over ? $ending : $over) + $hurried;
}

sub leave { exit $_[0] }

sub begin_command {
  $pid = $mode eq 'tty' ? on_terminal() : on_pipes();
  for (grep { defined } map { $_->{handle} } values %kept) { unblock($_) }
  unblock($to);
}

sub on_pipes {
  pipe(my $in, $to) && pipe($kept{o}{handle}, my $out) && pipe($kept{e}{handle}, my $err) or die "pipe: $!";
  return begin($in, $out, $err, @command);
}

sub on_terminal {
  sysopen($master, '/dev/ptmx', $O_RDWR | $O_NOCTTY) or die "/dev/ptmx: $!";
  my ($unlocked, $number) = (pack('i', 0), pack('i', 0));
  # TIOCSPTLCK, TIOCGPTN
  ioctl($master, 0x40045431, $unlocked) && ioctl($master, 0x80045430, $number) or die "terminal: $!";
  resize($columns, $rows);
  sysopen(my $terminal, '/dev/pts/' . unpack('i', $number), $O_RDWR | $O_NOCTTY) or die "terminal: $!";
  ($to, $kept{o}{handle}) = ($master, $master);
  return begin($terminal, $terminal, $terminal, '/usr/bin/setsid', '-c', @command);
}

sub begin {
  my ($in, $out, $err, @words) = @_;
  my $child = fork // die "fork: $!";
  return $child if $child;
  $SIG{$_} = 'DEFAULT' for @left, @told, 'CHLD';
  open(STDIN, '<&', $in) && open(STDOUT, '>&', $out) && open(STDERR, '>&', $err) or exit 126;
  exec { $words[0] } @words or print STDERR "$words[0]: $!\n";
  exit 127;
}

sub unblock { fcntl($_[0], $F_SETFL, fcntl($_[0], $F_GETFL, 0) | $O_NONBLOCK) or die "fcntl: $!" }

sub resize {
  my $size = pack('S4', $_[1], $_[0], 0, 0);
  # TIOCSWINSZ
  ioctl($master, 0x5414, $size) if $master;
}

sub full { return $_[0]{handle} && $_[0]{left} > 0 && length $_[0]{bytes} >= $most }

sub readable { return grep { $_->{handle} && $_->{left} > 0 && length $_->{bytes} < $most } values %kept }

sub take_output {
  my ($stream) = @_;
  my $got = sysread($stream->{handle}, $stream->{bytes}, $piece, length $stream->{bytes});
  return if !defined $got && ($! == $EAGAIN || $! == $EINTR);
  # The other end of a terminal that is closed is an error (EIO), of a pipe its end.
  $stream->{handle} = undef if !$got;
  $stream->{left} -= $got if $got && defined $status;
}

sub give_input {
  my $gave = syswrite($to, $input, $piece);
  return if !defined $gave && ($! == $EAGAIN || $! == $EINTR);
  # Nobody reads it any more: it is gone, as in any closed pipe.
  $gave //= length $input;
  $taken += $gave;
  substr($input, 0, $gave) = '';
  say_out("t $taken\n");
}

sub close_input {
  # A terminal has no end of input but this key.
  syswrite($to, "\x04") if $master;
  close $to unless $master;
  $to = undef;
}

sub emit {
  for my $name (qw(o e)) {
    my $stream = $kept{$name};
    while ((my $at = $stream->{sent} - $stream->{from}) < length $stream->{bytes}) {
      my $part = substr($stream->{bytes}, $at, $piece);
      say_out("$name $stream->{sent} " . length($part) . "\n$part");
      $stream->{sent} += length $part;
    }
  }
}

sub say_out {
  my ($bytes) = @_;
  while (length $bytes) {
    my $wrote = syswrite(STDOUT, $bytes);
    return if !defined $wrote && $! != $EINTR;
    substr($bytes, 0, $wrote // 0) = '';
  }
}

sub take_lines {
  my $got = sysread(STDIN, $lines, $piece, length $lines);
  return if !defined $got && ($! == $EINTR || $! == $EAGAIN);
  return close STDIN unless $got;
  my $at = 0;
  while ((my $end = index($lines, "\n", $at)) >= 0) {
    my $line = substr($lines, $at, $end - $at);
    $at = $end + 1;
    obey(split / /, $line) if $line =~ s/ \.$//;
  }
  substr($lines, 0, $at) = '';
}

sub obey {
  my ($word, @given) = @_;
  if ($word eq 'hello' && @given == 3) { hello(@given) }
  elsif ($word eq 'seen' && @given == 2) { seen(@given) }
  elsif ($word eq 'in' && @given == 3) { accept_input(@given) }
  elsif ($word eq 'eof' && @given == 1) { $eof = $given[0] }
  elsif ($word eq 'size' && @given == 2) { resize(@given) }
  elsif ($word eq 'begun' && @given == 1) { say_out("\nb $given[0] " . ($pid ? 1 : 0) . "\n") }
  elsif ($word eq 'bye' && $over) { leave($status) }
}

sub hello {
  my ($nonce, @seen) = @_;
  begin_command() unless $pid;
  seen(@seen);
  $_->{sent} = $_->{from} for values %kept;
  $told = 0;
  say_out("\nh $nonce $taken\n");
}

sub seen {
  my @seen = @_;
  for my $stream (@kept{qw(o e)}) {
    my $more = shift(@seen) - $stream->{from};
    next if $more <= 0 || $more > length $stream->{bytes};
    substr($stream->{bytes}, 0, $more) = '';
    $stream->{from} += $more;
    $stream->{sent} = $stream->{from} if $stream->{sent} < $stream->{from};
  }
}

# Input that was sent to a server before this one may come late, after the same from its successor.
sub accept_input {
  my ($offset, $length, $hex) = @_;
  my $bytes = pack('H*', $hex);
  my $known = $taken + length($input) - $offset;
  return if length $bytes != $length || $known < 0 || $known >= $length;
  $input .= substr($bytes, $known);
  # Nothing reads it any more.
  ($taken, $input) = ($taken + length $input, '') unless $to;
}
