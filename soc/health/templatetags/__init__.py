"""What the pages about health lend to other pages."""
